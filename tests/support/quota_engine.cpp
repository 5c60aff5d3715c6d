#include "core/engine.hpp"
#include "quota_strategies.hpp"

#include <ephemint/rate_governor.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace ephemint::quota_world {
namespace {

/// The whole client but for its sockets: the engine's commands performed in the simulated world. A connection
/// takes `handshake` to make, always comes, and is never lost; requests on it are the world's.
class engine_strategy final : public strategy {
 public:
  engine_strategy(actions& world, ephemint::quota q, std::uint64_t seed)
      : world_{world},
        governor_{make_rate_governor(q, quota_scope::per_api_key, seed)},
        engine_{core::engine_settings{}, *governor_, key_, ~seed} {}

  void on_submit(time_point now, job_id id) override {
    const job& j = world_.about(id);
    call& c = calls_.emplace_back();
    c.id = id;
    c.account = "se-" + std::to_string(id);
    c.urgency = j.urgency;
    c.deadline = j.deadline;
    engine_.on_submit(now, c);
    perform(now);
  }

  void on_reply(time_point now, job_id id, const reply& r) override {
    const auto out = attempt_of_.find({id, r.sent_at});
    const core::attempt_id attempt = out->second;
    attempt_of_.erase(out);
    engine_.on_reply(now, attempt, {answer_of(r), r.retry_after});
    perform(now);
  }

  void on_wake(time_point now) override {
    while (!dials_.empty() && dials_.front().done_at <= now) {
      const core::link_id link = dials_.front().link;
      dials_.pop_front();
      engine_.on_link_open(now, link, {});
    }
    if (tick_at_ <= now) {
      tick_at_ = core::never;
      engine_.on_tick(now);
    }
    perform(now);
  }

 private:
  /// TCP and TLS 1.3 over the world's network: two round trips.
  static constexpr std::chrono::milliseconds handshake{160};

  struct call : core::mint {
    job_id id = 0;
  };
  struct dial {
    core::link_id link;
    time_point done_at;
  };

  void perform(time_point now) {
    using kind = core::command::kind;
    while (const auto c = engine_.next()) {
      switch (c->what) {
        case kind::send:
          attempt_of_[{id_of(*c), now}] = c->attempt;
          world_.send(id_of(*c));
          break;
        case kind::dial:
          dials_.push_back({c->link, now + handshake});
          break;
        case kind::finish:
          if (c->of->end.why != core::outcome::cause::token) world_.give_up(id_of(*c));
          break;
        case kind::wake_at:
          tick_at_ = c->at;
          break;
        // The world carries on with what nobody waits for, and the engine knows no longer what it closed.
        case kind::drop:
        case kind::reset:
        case kind::warmed:
        case kind::close:
        case kind::drained:
          break;
      }
    }
    world_.wake_at(dials_.empty() ? tick_at_ : std::min(tick_at_, dials_.front().done_at));
  }

  static core::reply_facts::answer answer_of(const reply& r) {
    using answer = core::reply_facts::answer;
    if (r.unauthorized) return answer::key_refused;
    return r.admitted ? answer::minted : answer::rate_limited;
  }

  static job_id id_of(const core::command& c) { return static_cast<const call*>(c.of)->id; }

  actions& world_;
  std::shared_ptr<rate_governor> governor_;
  core::key_guard key_;
  std::deque<call> calls_;  // a deque, for the engine keeps their addresses; outlives it
  core::engine engine_;
  std::map<std::pair<job_id, time_point>, core::attempt_id> attempt_of_;  // a mint may have several out
  std::deque<dial> dials_;
  time_point tick_at_ = core::never;
};

}  // namespace

strategy_maker engine_driven(ephemint::quota q) {
  return
      [q](actions& world, std::uint64_t seed) { return std::make_unique<engine_strategy>(world, q, seed); };
}

}  // namespace ephemint::quota_world

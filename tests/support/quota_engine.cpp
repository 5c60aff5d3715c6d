#include "quota_engine.hpp"

#include "quota_strategies.hpp"

#include <algorithm>
#include <string>

namespace ephemint::quota_world {
namespace {

core::reply_facts::answer answer_of(const reply& r) {
  using answer = core::reply_facts::answer;
  if (r.unauthorized) return answer::key_refused;
  return r.admitted ? answer::minted : answer::rate_limited;
}

core::engine_settings settings_of(const client_network& network) {
  core::engine_settings s;
  s.hedge = network.hedge;
  return s;
}

/// A client whose governor counts on its own.
class engine_strategy final : public strategy {
 public:
  engine_strategy(actions& world, ephemint::quota q, client_network network, std::uint64_t seed)
      : world_{world},
        governor_{make_rate_governor(q, quota_scope::per_api_key, seed)},
        client_{world, *governor_, ~seed, network} {}

  void on_submit(time_point now, job_id id) override {
    client_.on_submit(now, id);
    perform(now);
  }
  void on_reply(time_point now, job_id id, const reply& r) override {
    client_.on_reply(now, id, r);
    perform(now);
  }
  void on_wake(time_point now) override {
    client_.on_wake(now);
    perform(now);
  }

 private:
  void perform(time_point now) {
    client_.perform(now);
    world_.wake_at(client_.wake_at());
  }

  actions& world_;
  std::shared_ptr<rate_governor> governor_;
  engine_client client_;
};

}  // namespace

engine_client::engine_client(actions& world, rate_governor& governor, std::uint64_t seed,
                             client_network network, std::weak_ptr<quota_listener> listener)
    : world_{world},
      network_{network},
      engine_{settings_of(network), governor, key_, seed, std::move(listener)} {
  if (network.key_has_minted) key_.on_minted(key_.version());
}

void engine_client::on_submit(time_point now, job_id id) {
  const job& j = world_.about(id);
  call& c = calls_[id];
  c.id = id;
  c.account = "se-" + std::to_string(id);
  c.urgency = j.urgency;
  c.deadline = j.deadline;
  engine_.on_submit(now, c);
}

void engine_client::on_reply(time_point now, job_id id, const reply& r) {
  const auto out = attempt_of_.find({id, r.sent_at});
  const core::attempt_id attempt = out->second;
  attempt_of_.erase(out);
  engine_.on_reply(now, attempt, {answer_of(r), r.retry_after});
}

void engine_client::on_wake(time_point now) {
  while (!dials_.empty() && dials_.front().done_at <= now) {
    const core::link_id link = dials_.front().link;
    dials_.pop_front();
    engine_.on_link_open(now, link,
                         {.capacity = network_.requests_a_link, .shared = network_.requests_a_link > 1});
  }
  if (tick_at_ <= now) {
    tick_at_ = core::never;
    engine_.on_tick(now);
  }
}

void engine_client::perform(time_point now) {
  using kind = core::command::kind;
  while (const auto c = engine_.next()) {
    switch (c->what) {
      case kind::send:
        attempt_of_[{id_of(*c), now}] = c->attempt;
        world_.send(id_of(*c));
        break;
      case kind::dial:
        dials_.push_back({c->link, now + network_.handshake});
        break;
      case kind::finish:
        finish(*c);
        break;
      case kind::probe:  // no link of this world is ever dead
        engine_.on_link_heard(now, c->link);
        break;
      case kind::wake_at:
        tick_at_ = c->at;
        break;
      // The world completes requests for which nobody waits any more; the engine has forgotten closed links.
      case kind::drop:
      case kind::reset:
      case kind::warmed:
      case kind::close:
      case kind::drained:
        break;
    }
  }
}

void engine_client::finish(const core::command& c) {
  const job_id id = id_of(c);
  const bool minted = c.of->end.why == core::outcome::cause::token;
  calls_.erase(id);
  if (!minted) world_.give_up(id);
}

time_point engine_client::wake_at() const {
  return dials_.empty() ? tick_at_ : std::min(tick_at_, dials_.front().done_at);
}

strategy_maker engine_driven(ephemint::quota q) { return engine_driven(q, client_network{}); }

strategy_maker engine_driven(ephemint::quota q, client_network network) {
  return [=](actions& world, std::uint64_t seed) {
    return std::make_unique<engine_strategy>(world, q, network, seed);
  };
}

}  // namespace ephemint::quota_world

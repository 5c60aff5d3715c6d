#include "sick_nodes.hpp"

#include "core/engine.hpp"
#include "core/random.hpp"

#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace ephemint::sick_nodes {
namespace {

using namespace std::chrono_literals;
using core::time_point;
using answer = core::reply_facts::answer;

// As in `net`: a round trip for TCP and one for TLS, the delay until the next address is tried, and the
// limits for one handshake, one connection and the whole dial.
constexpr duration round_trip = 40ms;
constexpr duration connect_delay = 250ms;
constexpr duration handshake_delay = 500ms;
constexpr duration handshake_time = 3s;
constexpr duration dial_time = 6s;
constexpr duration reply_time = 80ms;

core::engine_settings settings_of(const scenario& s) {
  core::engine_settings e;
  e.links.max_connections = s.max_connections;
  e.links.max_age = s.max_age;
  return e;
}

class world {
 public:
  explicit world(const scenario& s)
      : setup_{s},
        random_{s.seed * 0x9e3779b97f4a7c15u + 1},
        governor_{make_rate_governor(quota::unlimited(), quota_scope::per_api_key, random_.next())},
        engine_{settings_of(s), *governor_, key_, random_.next()} {}

  figures run() {
    next_login();
    while (!events_.empty()) {
      auto next = events_.extract(events_.begin());
      now_ = next.key();
      next.mapped()();
      perform();
    }
    return result_;
  }

 private:
  struct login : core::mint {};

  void later(duration after, std::function<void()> what) { events_.emplace(now_ + after, std::move(what)); }

  void next_login() {
    const std::chrono::duration<double> gap{-std::log(1.0 - random_.unit()) / setup_.logins_per_second};
    later(std::chrono::duration_cast<duration>(gap), [this] {
      if (now_ - begin_ >= setup_.length) return engine_.on_close(now_);
      login& made = logins_.emplace_back();
      made.account = "se-" + std::to_string(++result_.logins);
      made.deadline = now_ + setup_.deadline;
      engine_.on_submit(now_, made);
      next_login();
    });
  }

  /// The state of the node at that place now.
  node state_of(std::size_t place) const {
    const auto turned = setup_.turns > 0s ? static_cast<std::size_t>((now_ - begin_) / setup_.turns) : 0;
    return setup_.nodes[(place + turned) % setup_.nodes.size()];
  }

  core::address_id address_of(std::size_t place) const {
    return {4, {10, 0, 0, setup_.balanced ? std::uint8_t{0} : static_cast<std::uint8_t>(place)}};
  }

  /// The nodes that a dial meets, one after the other.
  std::vector<std::size_t> line() {
    if (setup_.balanced)
      return {std::min(setup_.nodes.size() - 1,
                       static_cast<std::size_t>(random_.unit() * static_cast<double>(setup_.nodes.size())))};
    std::vector<std::size_t> all(setup_.nodes.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    std::ranges::stable_sort(
        all, {}, [this](std::size_t i) { return engine_.addresses().rank_of(address_of(i), now_); });
    return all;
  }

  void dial(core::link_id link) {
    ++result_.dials;
    duration begins{};
    duration fails{};
    std::vector<std::pair<std::size_t, core::address_trouble>> met;
    for (const std::size_t place : line()) {
      switch (state_of(place)) {
        case node::refuses:
          met.emplace_back(place, core::address_trouble::broke);
          fails = std::max(fails, begins += round_trip);
          break;
        case node::hangs_up:
          met.emplace_back(place, core::address_trouble::broke);
          fails = std::max(fails, begins += 2 * round_trip);
          break;
        case node::swallows:
          met.emplace_back(place, core::address_trouble::silent);
          fails = std::max(fails, begins + handshake_time);
          begins += connect_delay;
          break;
        case node::hangs_in_the_handshake:
          met.emplace_back(place, core::address_trouble::silent);
          fails = std::max(fails, begins + handshake_time);
          begins += round_trip + handshake_delay;
          break;
        default:
          if (begins >= dial_time) break;
          return later(begins + 2 * round_trip, [this, link, place, met] {
            report(met);
            engine_.on_address_taken(link, address_of(place));
            leads_to_[link] = place;
            fresh_.insert(link);
            engine_.on_link_open(now_, link, {});
          });
      }
    }
    later(std::min(fails, dial_time), [this, link, met] {
      report(met);
      engine_.on_dial_failed(now_, link, {});
    });
  }

  void report(const std::vector<std::pair<std::size_t, core::address_trouble>>& met) {
    for (const auto& [place, trouble] : met) engine_.on_address_failed(now_, address_of(place), trouble);
  }

  void send(core::link_id link, core::attempt_id attempt) {
    ++result_.requests;
    const node what = state_of(leads_to_.at(link));
    if (what != node::well) ++result_.at_sick;
    const bool fresh = fresh_.erase(link) != 0;
    const auto replies = [&](answer said) {
      later(reply_time, [this, attempt, said] { engine_.on_reply(now_, attempt, {said}); });
    };
    switch (what) {
      case node::answers_503:
        return replies(answer::server_error);
      case node::gives_no_token:
        return replies(answer::malformed);
      case node::hangs_up:
      case node::hangs_up_after_it:
        return later(reply_time, [this, link, fresh] {
          engine_.on_link_gone(now_, link, {}, fresh ? core::fate::unknown : core::fate::unprocessed);
        });
      case node::swallows:
      case node::hangs_in_the_handshake:
      case node::hangs_after_it:
        return;
      case node::refuses:  // new ones only
      case node::well:
        return replies(answer::minted);
    }
  }

  void perform() {
    using kind = core::command::kind;
    while (const auto c = engine_.next()) {
      if (c->what == kind::dial) dial(c->link);
      if (c->what == kind::send) send(c->link, c->attempt);
      if (c->what == kind::finish) finish(*c->of);
      if (c->what == kind::wake_at) {
        const auto mine = ++wake_;
        events_.emplace(std::max(c->at, now_), [this, mine] {
          if (mine == wake_) engine_.on_tick(now_);
        });
      }
    }
  }

  void finish(const core::mint& m) {
    if (m.end.why != core::outcome::cause::token) return;
    ++result_.minted;
    result_.longest = std::max(result_.longest, now_ - m.submitted);
  }

  const scenario setup_;
  core::splitmix random_;
  std::shared_ptr<rate_governor> governor_;
  core::key_guard key_;
  std::deque<login> logins_;  // the engine keeps their addresses
  core::engine engine_;
  std::multimap<time_point, std::function<void()>> events_;
  std::unordered_map<core::link_id, std::size_t> leads_to_;
  std::set<core::link_id> fresh_;  // had no request
  std::uint64_t wake_ = 0;
  figures result_;
  const time_point begin_{1000s};
  time_point now_ = begin_;
};

}  // namespace

figures run(const scenario& s) { return world{s}.run(); }

}  // namespace ephemint::sick_nodes

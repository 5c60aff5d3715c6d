#include "support/lease_world.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::test {

using namespace std::chrono_literals;
using core::add;
using core::time_point;

lease_machine::lease_machine(lease_world& world, redis::leasing_governor::settings s)
    : world_{world}, key_{s.credential}, governor_{std::make_unique<redis::leasing_governor>(std::move(s))} {}

void lease_machine::start(std::shared_ptr<lease_machine> self) {
  self_ = self;
  governor_->set_driver(self);
  governor_->on_store_age(world_.now(), world_.calm);
  client_ = governor_->join(self);
  go(world_.now());
}

/// Whatever can be done now.
void lease_machine::go(time_point now) {
  if (!alive || frozen) return;
  do {
    poked_ = false;
    ask(now);
    speak(now);
  } while (poked_);
  const time_point next = governor_->wake_at();
  if (next >= tick_ && tick_ > now) return;
  tick_ = std::max(next, now + 1us);
  if (next == core::never) return;
  world_.at(tick_, [this, when = tick_](time_point at) {
    if (tick_ != when) return;
    tick_ = core::never;
    go(at);
  });
}

void lease_machine::ask(time_point now) {
  while (logins + batch > 0 && in_flight < lanes) {
    key_part part;
    if (!key_lets(now, part)) return;
    const priority urgency = logins > 0 ? priority::interactive : priority::background;
    const std::size_t waiting = logins > 0 ? logins : batch;
    const admission a =
        governor_->try_acquire(now, {urgency, "a", client_, std::min(waiting, lanes - in_flight)});
    if (a.what != admission::verdict::granted) {
      if (part.probe) key_->guard().probe_undone(part.version);
      if (a.not_before < now + 1h) world_.at(a.not_before, [this](time_point at) { go(at); });
      return;
    }
    --(logins > 0 ? logins : batch);
    send(now, a.granted_permit, urgency, part);
  }
}

bool lease_machine::key_lets(time_point now, key_part& part) {
  if (!key_) return true;
  using permission = core::key_guard::permission;
  part.version = key_->version();
  const permission said = key_->guard().may_send(now);
  part.probe = said == permission::go_as_probe;
  if (said == permission::go || part.probe) return true;
  const time_point again = std::max(now + 1ms, key_->guard().not_before(now, 100ms));
  if (key_tick_ > now && key_tick_ <= again) return false;
  key_tick_ = again;
  world_.at(again, [this](time_point at) { go(at); });
  return false;
}

void lease_machine::on_key_reply(time_point now, key_part part, bool refused_key) {
  if (!key_) return;
  if (part.probe) --probes;
  if (refused_key) {
    ++unauthorized;
    key_->guard().on_refused(now, part.probe, part.account, part.version);
  } else {
    minted_at = now;
    key_->guard().on_minted(part.version);
  }
}

void lease_machine::send(time_point now, permit p, priority urgency, key_part part) {
  ++in_flight;
  part.account = ++account_;
  if (part.probe) ++probes;
  std::size_t all_probes = 0;
  for (const auto& m : world_.machines) all_probes += m->probes;
  world_.most_probes = std::max(world_.most_probes, all_probes);
  const auto there = std::chrono::milliseconds{20 + world_.random.next() % 60};
  const auto back = std::chrono::milliseconds{20 + world_.random.next() % 60};
  world_.at(now + there, [=, this](time_point at) {
    const bool admitted = world_.arrives(at);
    sends.push_back(at);
    const bool refused_key = world_.key_refused && world_.key_refused(*this);
    const auto reply = [=, this](time_point then) {
      --in_flight;
      if (!alive) return;
      permit_reply r{permit_use::admitted, "a", now, {}};
      if (!admitted) {
        r.use = permit_use::rate_limited;
        r.retry_after = std::max<core::duration>(1s, core::between(world_.api_refuses_until, then));
        ++refused;
        ++(urgency == priority::interactive ? logins : batch);
      }
      governor_->on_reply(then, p, r);
      on_key_reply(then, part, refused_key);
    };
    world_.at(at + back, [=, this](time_point then) {
      if (frozen) return thawed_.push_back(reply);
      reply(then);
      go(then);
    });
  });
}

void lease_machine::speak(time_point now) {
  while (auto command = governor_->next_call(now)) call(now, *std::move(command));
}

void lease_machine::call(time_point now, redis::leasing_governor::outgoing command) {
  ++world_.commands;
  struct fate {
    bool answered = false;
  };
  const auto known = std::make_shared<fate>();
  const auto number = command.number;
  const bool lost =
      (had_luck_ && world_.random.unit() < world_.weather.lost) || world_.commands == world_.lost_command;
  const bool unheard = (had_luck_ && world_.random.unit() < world_.weather.unheard) ||
                       world_.commands == world_.unheard_command;
  had_luck_ = !lost && !unheard;
  const bool twice = world_.random.unit() < world_.weather.twice;
  const auto arrive = [=, this](bool answered) {
    return [=, this](time_point) {
      if (!world_.store_up || !reached || lost) return;
      const redis::store_answer a = world_.store.evaluate(world_.store_time(), "k", command.call);
      if (!answered || unheard) return;
      world_.after(world_.way(), [=, this](time_point then) {
        if (!alive || known->answered) return;
        const auto hear = [=, this](time_point later) {
          if (known->answered) return;
          known->answered = true;
          governor_->on_answer(later, number, a);
        };
        if (frozen) return thawed_.push_back(hear);
        hear(then);
        go(then);
      });
    };
  };
  world_.after(world_.way(), arrive(true));
  if (twice) world_.after(world_.way() + 700ms, arrive(false));
  world_.at(now + command.patience, [=, this](time_point then) {
    if (!alive || known->answered) return;
    const auto give_up = [=, this](time_point later) {
      if (known->answered) return;
      known->answered = true;
      governor_->on_failure(later, number, "no answer");
    };
    if (frozen) return thawed_.push_back(give_up);
    give_up(then);
    go(then);
  });
}

lease_world::lease_world(quota q, std::uint64_t seed, lease_weather w)
    : weather{w}, random{seed}, quota_{q} {}

redis::leasing_governor::settings lease_world::usual() const {
  redis::leasing_governor::settings s;
  s.rate = quota_;
  s.key = "k";
  return s;
}

lease_machine& lease_world::add(redis::leasing_governor::settings s) {
  s.seed = random.next();
  machines.push_back(std::make_shared<lease_machine>(*this, std::move(s)));
  machines.back()->start(machines.back());
  return *machines.back();
}

void lease_world::at(time_point when, std::function<void(time_point)> what) {
  events_.emplace(std::max(when, now_), std::move(what));
}

void lease_world::run_until(time_point end) {
  while (!events_.empty() && events_.begin()->first <= end) {
    auto event = events_.extract(events_.begin());
    now_ = event.key();
    event.mapped()(now_);
    for (const auto& m : machines) {
      if (!m->frozen && m->alive)
        for (const auto& late : std::exchange(m->thawed_, {})) late(now_), m->poked_ = true;
      if (m->poked_) m->go(now_);
    }
    if (looks_on) looks_on(now_);
  }
  now_ = end;
}

std::int64_t lease_world::store_time() const noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>((now_ + store_clock_off).time_since_epoch())
             .count() +
         1'700'000'000'000;
}

core::duration lease_world::way() noexcept {
  const double part = 1.0 + 2.0 * random.unit();
  return core::whole(std::chrono::duration<double>(weather.way) * part);
}

bool lease_world::arrives(time_point now) {
  arrivals_.push_back(now);
  return !api_refuses && now >= api_refuses_until;
}

std::size_t lease_world::most_in_any_window() const {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < arrivals_.size(); ++last) {
    while (arrivals_[last] - arrivals_[first] >= quota_.window()) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

}  // namespace ephemint::test

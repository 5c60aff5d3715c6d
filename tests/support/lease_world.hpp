#pragma once

#include "core/leasing_governor.hpp"
#include "core/random.hpp"
#include "core/time.hpp"
#include "support/quota_script_port.hpp"

#include <ephemint/rate_governor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ephemint::test {

/// How machines reach their store.
struct lease_weather {
  std::chrono::microseconds way{500};  ///< to the store, and back; each takes up to three times this
  double lost = 0;     ///< share of the commands that never arrive; never two in a row of one machine
  double unheard = 0;  ///< share whose answer never arrives; never two in a row
  double twice = 0;    ///< share that arrive a second time, later
};

class lease_world;

/// One process: a governor, a client of it, its connection to the store, and its requests.
class lease_machine final : public quota_listener, public redis::lease_driver {
 public:
  lease_machine(lease_world&, redis::leasing_governor::settings);

  void quota_changed() noexcept override { poked_ = true; }
  void calls_due() noexcept override { poked_ = true; }

  // Requests that wait.
  std::size_t logins = 0;  ///< that wait
  std::size_t batch = 0;   ///< what is left of a batch
  std::size_t lanes = 16;  ///< requests at once
  bool reached = true;     ///< whether the network to the store works
  bool alive = true;       ///< else it does nothing more
  bool frozen = false;     ///< events that come meanwhile are handled afterwards

  std::vector<core::time_point> sends;  ///< as the API counted them
  std::size_t refused = 0;
  std::size_t in_flight = 0;
  // About the key, if the governor was given one: each request is for another account.
  std::size_t unauthorized = 0;
  std::size_t probes = 0;        ///< under way
  core::time_point minted_at{};  ///< the last one

  redis::leasing_governor& governor() noexcept { return *governor_; }
  std::uint32_t client() const noexcept { return client_; }
  void go(core::time_point now);
  void start(std::shared_ptr<lease_machine> self);

 private:
  friend class lease_world;

  void ask(core::time_point now);
  /// What the key's gate said about a request.
  struct key_part {
    std::uint64_t version = 0;
    bool probe = false;
    std::uint64_t account = 0;
  };
  bool key_lets(core::time_point now, key_part&);
  void on_key_reply(core::time_point now, key_part, bool unauthorized);
  void send(core::time_point now, permit, priority, key_part);
  void speak(core::time_point now);
  void call(core::time_point now, redis::leasing_governor::outgoing);

  lease_world& world_;
  std::shared_ptr<core::key_state> key_;
  core::time_point key_tick_ = core::never;
  std::uint64_t account_ = 0;
  std::unique_ptr<redis::leasing_governor> governor_;
  std::weak_ptr<lease_machine> self_;
  std::uint32_t client_ = 0;
  bool poked_ = false;
  bool had_luck_ = true;
  core::time_point tick_ = core::never;
  std::vector<std::function<void(core::time_point)>> thawed_;
};

/// Machines, a store and an API in virtual time. The API keeps an exact sliding log of the quota, and refuses
/// beyond it if told to.
class lease_world {
 public:
  lease_world(quota q, std::uint64_t seed, lease_weather w = {});

  lease_machine& add(redis::leasing_governor::settings s);
  redis::leasing_governor::settings usual() const;
  void run_until(core::time_point end);
  void run_for(core::duration span) { run_until(core::add(now_, span)); }
  void at(core::time_point when, std::function<void(core::time_point)> what);
  void after(core::duration span, std::function<void(core::time_point)> what) {
    at(core::add(now_, span), std::move(what));
  }

  core::time_point now() const noexcept { return now_; }
  std::int64_t store_time() const noexcept;
  quota_script_state* state() { return store.find(store_time(), "k"); }
  /// The requests of all machines, as the API counted them.
  std::size_t most_in_any_window() const;
  std::size_t sent() const noexcept { return arrivals_.size(); }

  lease_weather weather;
  quota_script_port store;
  bool store_up = true;
  bool calm = true;
  core::duration store_clock_off{};  ///< its clock was stepped
  bool api_refuses = false;
  core::time_point api_refuses_until{};
  std::function<bool(const lease_machine&)> key_refused{};  ///< what the API says of a request's key
  std::size_t most_probes = 0;                              ///< at once, over all machines
  /// Number of the one command, from 1, that never arrives, or whose answer never does; 0: none.
  std::uint64_t lost_command = 0;
  std::uint64_t unheard_command = 0;
  core::splitmix random;
  std::vector<std::shared_ptr<lease_machine>> machines;
  std::uint64_t commands = 0;
  std::function<void(core::time_point)> looks_on{};  ///< is called after each event

 private:
  friend class lease_machine;

  /// Whether the API admits it.
  bool arrives(core::time_point now);
  core::duration way() noexcept;

  quota quota_;
  core::time_point now_{std::chrono::seconds{1000}};
  std::multimap<core::time_point, std::function<void(core::time_point)>> events_;
  std::vector<core::time_point> arrivals_;
};

}  // namespace ephemint::test

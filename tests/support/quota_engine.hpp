#pragma once

#include "core/engine.hpp"
#include "quota_world.hpp"

#include <ephemint/rate_governor.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

namespace ephemint::quota_world {

/// The network of an engine's client, and its other settings.
struct client_network {
  /// TCP and TLS 1.3 over the world's network: two round trips.
  duration handshake = std::chrono::milliseconds{160};
  std::uint32_t requests_a_link = 1;
  bool hedge = false;
  bool key_has_minted = false;  ///< if set, no request waits until the key is proven
};

/// The whole client without its sockets: performs the engine's commands in the simulated world. A connection
/// needs a handshake, always succeeds, and is never lost; the world simulates the requests on it. Each event
/// ends with `perform`.
class engine_client {
 public:
  engine_client(actions& world, rate_governor&, std::uint64_t seed, client_network = {},
                std::weak_ptr<quota_listener> = {});

  void on_submit(time_point now, job_id);
  void on_reply(time_point now, job_id, const reply&);
  void on_wake(time_point now);
  void on_quota_changed(time_point now) { engine_.on_quota_changed(now); }

  void perform(time_point now);
  /// When `on_wake` is due.
  time_point wake_at() const;

 private:
  struct call : core::mint {
    job_id id = 0;
  };
  struct dial {
    core::link_id link;
    time_point done_at;
  };

  static job_id id_of(const core::command& c) { return static_cast<const call*>(c.of)->id; }
  void finish(const core::command&);

  actions& world_;
  client_network network_;
  core::key_guard key_;
  std::unordered_map<job_id, call> calls_;  // the engine keeps their addresses, so this outlives it
  core::engine engine_;
  std::map<std::pair<job_id, time_point>, core::attempt_id> attempt_of_;  // a mint may have several under way
  std::deque<dial> dials_;
  time_point tick_at_ = core::never;
};

}  // namespace ephemint::quota_world

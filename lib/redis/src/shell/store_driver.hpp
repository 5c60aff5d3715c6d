#pragma once

#include "core/leasing_governor.hpp"
#include "core/random.hpp"
#include "net/dial/executor_gate.hpp"
#include "net/gate_timer.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"
#include "net/store_client.hpp"
#include "shell/client_registry.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// The checked settings of a shared governor.
struct driver_settings {
  leasing_governor::settings governor;
  store_settings store;
};

/// Carries a leasing governor's commands to the store, and the answers back. It decides only when to connect
/// again while there is nothing to say. It runs inside its gate, unless a comment says otherwise.
class store_driver final : public lease_driver,
                           private store_client::user,
                           private net::gate_timer::owner,
                           private detail::context_bound,
                           public std::enable_shared_from_this<store_driver> {
 public:
  using change_listener = std::function<void(const shared_quota_stats&)>;

  /// Throws `std::bad_alloc`, and `std::invalid_argument`, naming the option, if there is nothing to trust.
  store_driver(boost::asio::any_io_executor, driver_settings);
  ~store_driver();
  /// Call it once, when a `shared_ptr` owns the driver. Throws `std::bad_alloc`.
  void begin();

  // --- from any thread ---
  leasing_governor& governor() noexcept { return governor_; }
  const leasing_governor& governor() const noexcept { return governor_; }
  shared_quota_stats stats() const;
  void on_change(change_listener);
  void leave_store() noexcept;
  /// The last owner has released it: it ends when all commands were sent.
  void let_go() noexcept;
  void calls_due() noexcept override;

 private:
  class change_call;

  // store_client::user
  void on_ready() noexcept override;
  void on_value(std::uint64_t command, std::vector<store_value>) noexcept override;
  void on_failure(std::uint64_t command, const store_failure&) noexcept override;
  void on_lost(const store_failure&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }
  // net::gate_timer::owner
  void on_time(net::gate_timer&) noexcept override;
  void on_no_timer(net::gate_timer& timer) noexcept override { on_time(timer); }
  // detail::context_bound
  void on_context_shutdown() noexcept override;
  void on_fork() noexcept override;

  void start() noexcept;
  void arrive() noexcept;
  void begin_to_leave() noexcept;
  void owner_gone() noexcept;
  void end_after_fork() noexcept;

  void pump() noexcept;
  void send_all();
  void connect_later() noexcept;
  void tell_change() noexcept;
  void end_if_all_is_said() noexcept;
  void end() noexcept;
  void note(std::string_view why) noexcept;
  void wake_at(core::time_point) noexcept;

  const net::process_mark made_in_;
  const std::shared_ptr<net::serial_gate> gate_;
  const std::shared_ptr<net::executor_gate> executor_;
  const std::string name_;  // the store's name
  const std::chrono::milliseconds window_, lease_;
  core::splitmix random_;
  leasing_governor governor_;
  std::unique_ptr<store_client> store_;
  net::gate_timer timer_;  // for the governor's `wake_at`
  net::gate_timer again_;  // when to connect again, or to give up leaving
  std::shared_ptr<detail::context_members> context_;

  std::size_t out_ = 0;    // commands under way
  bool was_lost_ = false;  // whether it was lost since the store was last ready
  bool pumping_ = false;
  bool leaving_now_ = false;
  bool owned_ = true;
  bool ended_ = false;
  bool told_lost_ = false;
  core::duration backoff_{};
  std::shared_ptr<store_driver> self_;  // while commands are left and there is no other owner

  std::atomic<bool> due_{false}, leaving_{false}, orphaned_{false};
  net::member_task<store_driver, &store_driver::start> start_{*this};
  net::member_task<store_driver, &store_driver::arrive> arrive_{*this};
  net::member_task<store_driver, &store_driver::begin_to_leave> leave_{*this};
  net::member_task<store_driver, &store_driver::owner_gone> gone_{*this};
  net::member_task<store_driver, &store_driver::end_after_fork> forked_{*this};

  mutable std::mutex mutex_;  // guards the next two
  std::shared_ptr<const change_listener> listener_;
  std::string lost_because_;  // set if it was lost with no command under way; empty: it isn't lost
};

}  // namespace ephemint::inline v0::redis

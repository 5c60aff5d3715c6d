#pragma once

#include "core/key/key_state.hpp"
#include "net/dial/executor_gate.hpp"

#include <ephemint/rate_governor.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <memory>

namespace ephemint::inline v0::detail {

struct client_impl;

/// Tells a client, from other threads, that a permit may be available or that the key has changed. It is only
/// a hint: if it is lost for want of memory, the engine finds out later by itself.
class wake_up_call final : public quota_listener,
                           public core::key_listener,
                           public std::enable_shared_from_this<wake_up_call> {
 public:
  explicit wake_up_call(const boost::asio::any_io_executor& outer)
      : executor_{net::executor_gate::make(outer)} {}

  void belongs_to(std::weak_ptr<client_impl> client) noexcept { client_ = std::move(client); }
  void shut() noexcept { executor_->shut(); }
  /// The call is inside the client's gate. A change from now on needs another call. A change for which no
  /// call was made, as this one was under way, is visible from here on: the exchange synchronizes with its
  /// writer.
  void arrived() noexcept { under_way_.exchange(false); }

  void quota_changed() noexcept override { call(); }
  void key_changed() noexcept override { call(); }

 private:
  void call() noexcept;
  void arrive();

  const std::shared_ptr<net::executor_gate> executor_;
  std::weak_ptr<client_impl> client_;
  std::atomic<bool> under_way_{false};
};

}  // namespace ephemint::inline v0::detail

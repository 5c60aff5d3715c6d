#pragma once

#include "core/key/key_state.hpp"
#include "net/dial/executor_gate.hpp"

#include <ephemint/rate_governor.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <memory>

namespace ephemint::inline v0::detail {

struct client_impl;

/// Brings to a client what others have to tell it, from their threads: a permit may be there, the key is
/// another one. Only a hint: one that is lost for want of memory costs the wait until the engine asks by
/// itself.
class wake_up_call final : public quota_listener,
                           public core::key_listener,
                           public std::enable_shared_from_this<wake_up_call> {
 public:
  explicit wake_up_call(const boost::asio::any_io_executor& outer)
      : executor_{net::executor_gate::make(outer)} {}

  void belongs_to(std::weak_ptr<client_impl> client) noexcept { client_ = std::move(client); }
  void shut() noexcept { executor_->shut(); }
  /// It is inside the client's gate. What changes from now on needs another; what others found no need to
  /// call for is seen from here on, as this reads what they wrote.
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

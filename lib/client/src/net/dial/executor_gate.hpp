#pragma once

#include "net/process_mark.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace ephemint::inline v0::net {

/// Lets a thread that may outlive an execution context post to it safely: once the context is being
/// destroyed, or `shut()` was called, posts are dropped.
///
/// A thread that waits in getaddrinfo can't be stopped, and may return when the context is long gone. Then
/// even destroying its copy of a strand's executor would touch freed memory, so the only copy is here.
class executor_gate {
 public:
  /// The gate shuts itself when the executor's context is destroyed.
  static std::shared_ptr<executor_gate> make(const boost::asio::any_io_executor&);

  template <class Function>
  void post(Function function) {
    const auto held = lock();
    if (held && executor_) boost::asio::post(*executor_, std::move(function));
  }

  void shut() noexcept {
    if (const auto held = lock()) executor_.reset();
  }

 private:
  explicit executor_gate(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}

  /// A look-up's thread may have held the mutex during a `fork`. That thread doesn't exist in the child,
  /// which must not wait for it.
  std::unique_lock<std::mutex> lock() {
    return made_in_.elsewhere() ? std::unique_lock{mutex_, std::try_to_lock} : std::unique_lock{mutex_};
  }

  const process_mark made_in_;
  std::mutex mutex_;
  std::optional<boost::asio::any_io_executor> executor_;
};

}  // namespace ephemint::inline v0::net

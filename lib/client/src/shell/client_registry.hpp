#pragma once

#include "net/process_mark.hpp"

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <unordered_set>

namespace ephemint::inline v0::detail {

/// An object that must let go of handlers, sockets and timers before its execution context is destroyed.
class context_bound {
 public:
  /// The context is being destroyed: let go of handlers, sockets and timers now. No thread runs the context
  /// any more.
  virtual void on_context_shutdown() noexcept = 0;
  /// The member is in the child of a `fork`: close its copies of the sockets, and end all waits.
  virtual void on_fork() noexcept = 0;

 protected:
  ~context_bound() = default;

 private:
  friend class context_members;
  net::process_mark knows_;  ///< the process in which it was made, or was last told of a `fork`
};

/// The members of one execution context. Lives as long as the context or any member.
class context_members {
 public:
  /// Throws `std::bad_alloc`.
  void add(context_bound& member) {
    const std::scoped_lock lock{mutex_};
    members_.insert(&member);
  }
  void remove(context_bound& member) noexcept {
    const std::scoped_lock lock{mutex_};
    members_.erase(&member);
  }
  /// One at a time and not under the lock: a handler that a member lets go of may own another member.
  void shut_down() noexcept {
    while (context_bound* const member = any()) member->on_context_shutdown();
  }
  /// In the child of a `fork`: tells each member, once. They stay members.
  void forked() noexcept {
    while (context_bound* const member = any_from_elsewhere()) member->on_fork();
  }

 private:
  context_bound* any_from_elsewhere() noexcept {
    const std::scoped_lock lock{mutex_};
    for (context_bound* const member : members_) {
      if (!member->knows_.elsewhere()) continue;
      member->knows_ = net::process_mark{};
      return member;
    }
    return nullptr;
  }
  context_bound* any() noexcept {
    const std::scoped_lock lock{mutex_};
    if (members_.empty()) return nullptr;
    context_bound* const member = *members_.begin();
    members_.erase(members_.begin());
    return member;
  }

  std::mutex mutex_;
  std::unordered_set<context_bound*> members_;
};

/// Tells the clients of an execution context that it is being destroyed. Otherwise a coroutine that waits for
/// a mint and owns the client would never be destroyed: the client holds the coroutine's handler (behaviours
/// C7).
class client_registry final : public boost::asio::execution_context::service {
 public:
  using key_type = client_registry;
  static inline boost::asio::execution_context::id id;

  explicit client_registry(boost::asio::execution_context& context)
      : service(context), members_{std::make_shared<context_members>()} {}

  const std::shared_ptr<context_members>& members() const noexcept { return members_; }

 private:
  void shutdown() noexcept override { members_->shut_down(); }
  void notify_fork(boost::asio::execution_context::fork_event what) override {
    if (what == boost::asio::execution_context::fork_child) members_->forked();
  }

  const std::shared_ptr<context_members> members_;
};

}  // namespace ephemint::inline v0::detail

#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <new>
#include <utility>

namespace ephemint::inline v0::detail {

/// Calls handlers on their own executors, or on the client's if they have none; never from inside its
/// members.
///
/// Always by way of the client's executor, since an erased executor can't promise not to run things at once.
/// Not by handing the handler to Asio's `dispatch`: that copies an lvalue `any_completion_handler` by
/// wrapping it in itself, for ever (Boost 1.81).
class handler_caller {
 public:
  explicit handler_caller(boost::asio::any_io_executor outer) : outer_{std::move(outer)}, same_{outer_} {}

  /// The client's executor.
  const boost::asio::any_io_executor& outer() const noexcept { return outer_; }

  /// The client's executor as one that won't run out of work while this is held.
  boost::asio::any_io_executor busy_outer() const {
    return boost::asio::prefer(outer_, boost::asio::execution::outstanding_work.tracked);
  }

  /// The handler's own executor, as one that won't run out of work while this is held; empty if it has none
  /// or if it is the client's, which then needs no second step (nor, for each step, some blocks of memory).
  template <class Signature>
  boost::asio::any_completion_executor busy_own_executor(
      const boost::asio::any_completion_handler<Signature>& handler) const {
    const auto own = boost::asio::get_associated_executor(handler, same_);
    if (!own) throw std::bad_alloc{};  // how Asio says so here
    if (own == same_) return {};
    return boost::asio::prefer(own, boost::asio::execution::outstanding_work.tracked);
  }

  /// Has `call(handler)` run on `own`, which is the handler's `busy_own_executor`.
  template <class Signature, class Call>
  void call(boost::asio::any_completion_executor own,
            boost::asio::any_completion_handler<Signature>&& handler, Call call) const {
    if (!own) {
      boost::asio::post(outer_, [handler = std::move(handler), call = std::move(call)]() mutable {
        call(std::move(handler));
      });
      return;
    }
    boost::asio::post(
        outer_, [own = std::move(own), handler = std::move(handler), call = std::move(call)]() mutable {
          boost::asio::dispatch(own, [handler = std::move(handler), call = std::move(call)]() mutable {
            call(std::move(handler));
          });
        });
  }

  template <class Signature, class Call>
  void call(boost::asio::any_completion_handler<Signature>&& handler, Call call) const {
    auto own = busy_own_executor(handler);
    this->call(std::move(own), std::move(handler), std::move(call));
  }

 private:
  boost::asio::any_io_executor outer_;
  boost::asio::any_completion_executor same_;  // as `outer_`, to compare with
};

}  // namespace ephemint::inline v0::detail

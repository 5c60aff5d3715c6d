#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <utility>

namespace ephemint {

/// The handler's own executor, or `outer` if it has none, as one that won't run out of work while this is
/// held.
template <class Signature>
boost::asio::any_completion_executor executor_of(
    const boost::asio::any_completion_handler<Signature>& handler,
    const boost::asio::any_io_executor& outer) {
  return boost::asio::prefer(boost::asio::get_associated_executor(handler, outer),
                             boost::asio::execution::outstanding_work.tracked);
}

/// Has `call(handler)` run on the handler's own executor, or on `outer` if it has none; never from inside
/// this function.
///
/// By way of `outer`, since an erased executor can't promise not to run things at once. Not by handing the
/// handler to Asio's `dispatch`: that copies an lvalue `any_completion_handler` by wrapping it in itself, for
/// ever (Boost 1.81).
template <class Signature, class Call>
void call_handler(const boost::asio::any_io_executor& outer,
                  boost::asio::any_completion_handler<Signature>&& handler, Call call) {
  auto executor = executor_of(handler, outer);
  boost::asio::post(outer, [executor = std::move(executor), handler = std::move(handler),
                            call = std::move(call)]() mutable {
    boost::asio::dispatch(executor, [handler = std::move(handler), call = std::move(call)]() mutable {
      call(std::move(handler));
    });
  });
}

}  // namespace ephemint

#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

#include <exception>
#include <utility>

namespace ephemint::inline v0::detail {

namespace asio = boost::asio;

/// Awaits an operation whose start may throw, and throws that exception from the await. Asio's own
/// `use_awaitable` starts an operation when the coroutine is already suspended: it would destroy the
/// coroutine, and the exception would leave the context's `run()`.
///
/// `begin(handler)` takes the handler, unless it throws. `nothing` is any value; it is never returned.
template <class Result, class Begin>
asio::awaitable<Result> awaited(Begin begin, Result nothing) {
  std::exception_ptr thrown;
  auto initiation = [&thrown, &begin, &nothing](auto handler) {
    asio::any_completion_handler<void(Result)> erased;
    try {
      asio::any_completion_handler<void(Result)>{std::move(handler)}.swap(erased);
      begin(erased);
      return;  // the coroutine may be gone
    } catch (...) {
      thrown = std::current_exception();
    }
    // If there was no memory to erase the handler's type, it is still in `handler`.
    if (erased)
      std::move(erased)(std::move(nothing));
    else
      std::move(handler)(std::move(nothing));
  };
  auto operation =
      asio::async_initiate<const asio::deferred_t, void(Result)>(std::move(initiation), asio::deferred);
  Result result = co_await std::move(operation);
  if (thrown) std::rethrow_exception(thrown);
  co_return result;
}

}  // namespace ephemint::inline v0::detail

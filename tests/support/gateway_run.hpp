#pragma once

#include "client_run.hpp"
#include "http/exchange.hpp"
#include "hub.hpp"

#include <ephemint/sandbox/server.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::test {

/// Options for a gateway whose client uses that sandbox, without a limit for accounts.
inline gateway::server_options gateway_for(const sandbox::server& api) {
  gateway::server_options o;
  o.client = options_for(api);
  o.per_account.requests = 0;
  return o;
}

/// What a face answered, and what the log would say about it.
struct answered {
  gateway::reply reply;
  gateway::log_entry log;

  /// The value of a field; `none` without it.
  std::string field(gateway::http::field name) const {
    for (const auto& [field, value] : reply.headers)
      if (field == name) return value;
    return "none";
  }
};

/// Runs a gateway's task, and calls `over` when it has ended.
inline gateway::task<void> run_and_tell(gateway::task<gateway::reply> what, gateway::reply& to,
                                        std::exception_ptr& thrown, asio::any_io_executor here,
                                        asio::any_completion_handler<void()>& over) {
  auto running = std::move(what);
  try {
    to = co_await running;
  } catch (...) {
    thrown = std::current_exception();
  }
  // Posted, as the handler may destroy this task.
  asio::post(here, [&over] { std::move(over)(); });
}

/// A face's answer, for an Asio coroutine.
inline asio::awaitable<gateway::reply> answer_of(gateway::face& of, gateway::exchange& one) {
  const asio::any_io_executor here = co_await asio::this_coro::executor;
  gateway::reply made;
  gateway::task<void> running;
  std::exception_ptr thrown;
  asio::any_completion_handler<void()> over;
  auto begin = [&](auto handler) {
    asio::any_completion_handler<void()>{std::move(handler)}.swap(over);  // 1.81's assignment never ends
    running = run_and_tell(of.answer(one), made, thrown, here, over);
    running.start();
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin, asio::use_awaitable);
  if (thrown) std::rethrow_exception(thrown);
  co_return made;
}

/// Asks a face as a session does, and then tells it `handed_over`.
inline asio::awaitable<answered> ask(gateway::face& of, gateway::request asked, bool handed_over = true,
                                     asio::cancellation_slot gone = {}) {
  answered all;
  gateway::exchange one{asked, all.log, gone};
  auto answering = answer_of(of, one);
  all.reply = co_await std::move(answering);
  if (all.reply.told) all.reply.told(handed_over);
  all.log.status = all.reply.status;
  co_return all;
}

/// Runs `body(hub&)` to its end, with a hub of these options. Fails if the hub leaves work behind.
template <class Body>
void run_with_hub(gateway::server_options options, Body body) {
  run([&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    gateway::hub shared{executor, executor, std::move(options)};
    auto running = body(shared);
    co_await std::move(running);
  });
}

}  // namespace ephemint::test

#pragma once

#include "codec/reply.hpp"
#include "codec/request.hpp"
#include "core/engine.hpp"
#include "face/options.hpp"
#include "net/connection.hpp"
#include "net/serial_gate.hpp"
#include "shell/client_registry.hpp"
#include "shell/handler_caller.hpp"
#include "shell/operation.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::inline v0::detail {

/// The shell around the engine: feeds it what happens and performs what it commands. Decides nothing. All of
/// it runs inside the gate, save where a comment says otherwise.
struct client_impl final : std::enable_shared_from_this<client_impl>,
                           private net::link_observer,
                           private context_bound {
  client_impl(asio::any_io_executor, client_options&&, const checked_options&);
  ~client_impl();

  // --- from any thread ---
  /// Has something run inside the gate: at once, or when whoever is inside has done.
  template <class Function>
  void enter(Function what) {
    struct errand {
      explicit errand(Function f) : act{std::move(f)} {}
      void run() noexcept { act(); }
      Function act;
      net::member_task<errand, &errand::run> task{*this};
    };
    const auto gate = gate_;  // what is done may end the client
    const auto made = std::allocate_shared<errand>(asio::recycling_allocator<errand>{}, std::move(what));
    gate->enter(made->task, made, net::completion::place::elsewhere);
  }
  /// The executor that the client was given: handlers without one of their own run there, outside the gate.
  const asio::any_io_executor& outer() const noexcept { return handlers_.outer(); }
  const handler_caller& handlers() const noexcept { return handlers_; }
  const client_options& options() const noexcept { return options_; }
  rate_governor& governor() const noexcept { return *governor_; }
  std::uint32_t governed_as() const noexcept { return engine_.client(); }
  client_stats published() const noexcept;
  /// Whether the execution context is gone: nothing may be posted to it any more.
  bool orphaned() const noexcept { return orphaned_.load(std::memory_order_acquire); }
  core::time_point deadline_of(const mint_request&, core::time_point now) const noexcept;

  // --- inside the gate ---
  void submit(std::unique_ptr<operation>, priority, core::time_point deadline);
  void cancel(core::job_id);
  void warm_up(std::size_t connections, asio::any_completion_handler<void(std::exception_ptr)>);
  void close(asio::any_completion_handler<void()>);
  void shut_down();

 private:
  struct warm_up_wait {
    std::size_t connections;
    asio::any_completion_handler<void(std::exception_ptr)> handler;
  };

  // net::link_observer
  void on_open(net::link_id, std::uint32_t capacity, bool resumed) override;
  void on_dial_failed(net::link_id, const net::failure&) override;
  void on_capacity(net::link_id, std::uint32_t) override {}
  void on_retiring(net::link_id) override {}
  void on_reply(net::link_id, net::attempt_id, const http_reply&) override;
  void on_attempt_lost(net::link_id, net::attempt_id, net::fate, const net::failure&) override;
  void on_gone(net::link_id, const net::failure&) override;
  // context_bound
  void on_context_shutdown() noexcept override;

  // performing commands
  void pump();
  void perform(const core::command&);
  void send(const core::command&);
  void dial(std::uint32_t id);
  void abandon(std::uint32_t id);
  void wake_at(core::time_point);
  void finish(const core::command&);
  mint_error error_of(const core::command&, const operation&) const;
  void remember_attempt(mint_errc);

  void end_warm_ups(std::exception_ptr);
  void check_warm_ups();
  void end_warm_ups_closed();
  void end_closes();
  void publish() noexcept;

  std::shared_ptr<net::connection>& connection_at(std::uint32_t id);
  void drop_connection(std::uint32_t id) noexcept;

  client_options options_;  // without the key
  secret key_;
  handler_caller handlers_;
  std::shared_ptr<net::serial_gate> gate_;
  std::shared_ptr<rate_governor> governor_;
  core::engine engine_;
  request_writer writer_;
  reply_reader reader_;
  std::shared_ptr<net::endpoint> endpoint_;
  std::vector<std::shared_ptr<net::connection>> connections_;  // by the low bits of their ids
  asio::steady_timer timer_;
  client_registry& registry_;

  using live_list = boost::intrusive::list<
      operation,
      boost::intrusive::member_hook<operation, boost::intrusive::list_member_hook<>, &operation::among_live>>;
  live_list live_;
  std::list<warm_up_wait> warm_ups_;  // not a vector: the handlers can't be assigned in Boost 1.81
  std::vector<asio::any_completion_handler<void()>> closes_;
  bool closing_ = false;
  bool drained_ = false;

  // What is being told to the engine just now; `finish` needs its particulars.
  understood_reply* reply_ = nullptr;
  const net::failure* failure_ = nullptr;
  operation* met_ = nullptr;  // whose attempt that was, unless it has ended
  bool reply_begun_ = false;  // of the attempt that was lost with the connection that goes now
  /// The last failed dial's words while no connection stands, for the text of a timeout.
  std::string dial_trouble_;

  std::uint64_t full_handshakes_ = 0;
  std::uint64_t resumed_handshakes_ = 0;
  std::array<std::atomic<std::uint64_t>, 15> published_{};
  std::atomic<bool> orphaned_{false};
};

}  // namespace ephemint::inline v0::detail

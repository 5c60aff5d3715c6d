#pragma once

#include "core/engine.hpp"
#include "net/connection.hpp"
#include "net/gate_timer.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"
#include "shell/checked_options.hpp"
#include "shell/client_figures.hpp"
#include "shell/client_registry.hpp"
#include "shell/keys_in_use.hpp"
#include "shell/operation.hpp"
#include "shell/outcomes.hpp"
#include "shell/reporter.hpp"
#include "shell/told.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::detail {

class wake_up_call;
class close_operation;

/// Waits for the client to be closed.
struct close_wait : boost::intrusive::list_base_hook<> {};

/// The shell around the engine: passes it the events and performs its commands. It decides nothing, and keeps
/// no copy of the engine's state. All of it runs inside the gate, unless a comment says otherwise.
struct client_impl final : std::enable_shared_from_this<client_impl>,
                           private net::link_observer,
                           private net::gate_timer::owner,
                           private telling_place::listener,
                           private context_bound {
  client_impl(asio::any_io_executor, client_options&&, const checked_options&);
  ~client_impl();
  /// Called once, when a `shared_ptr` owns the client.
  void begin();

  // --- from any thread ---
  const std::shared_ptr<net::serial_gate>& gate() const noexcept { return place_.gate; }
  /// The executor that the client was given: handlers without one of their own run there.
  const asio::any_io_executor& outer() const noexcept { return place_.outer; }
  /// For completions: keeps the client alive.
  std::shared_ptr<const telling_place> place() const noexcept { return {shared_from_this(), &place_}; }
  const client_options& options() const noexcept { return options_; }
  client_stats stats() const noexcept { return figures_->stats(); }
  clock::duration estimate(priority, std::size_t ahead) const noexcept;
  std::optional<api_outage> outage() const noexcept;
  const std::shared_ptr<context_members>& context() const noexcept { return context_; }
  /// Whether the execution context is gone: nothing may be posted to it any more.
  bool orphaned() const noexcept { return orphaned_.load(std::memory_order_acquire); }
  /// Whether this is the copy in the child of a `fork`, which can do nothing but end (I9).
  bool came_through_fork() const noexcept { return made_in_.elsewhere(); }
  /// Tells the observer of a mint that was never begun, as its request is invalid.
  void invalid(std::uint64_t tag, const account_id&, priority) noexcept;
  core::time_point deadline_of(const mint_request&, core::time_point now) const noexcept;
  /// Ends everything, from any thread. Never waits, never fails.
  void leave() noexcept;

  // --- inside the gate ---
  void submit(operation&) noexcept;
  /// The operation was cancelled before it was submitted.
  void unbegun(operation&) noexcept;
  void cancel(operation&) noexcept;
  void warm_up(core::warm_up&) noexcept;
  void cancel(core::warm_up&) noexcept;
  void close() noexcept;
  void close(close_operation&) noexcept;
  void cancel(close_operation&) noexcept;

 private:
  // net::link_observer
  void on_open(net::link_id, net::link_room, const net::dial_facts&) override;
  void on_dial_failed(net::link_id, const net::failure&) override;
  void arrange(net::addresses&) override;
  void on_address(net::link_id, const asio::ip::address&, net::address_news) override;
  void on_capacity(net::link_id, std::uint32_t) override;
  void on_heard(net::link_id) override;
  void on_settled(net::link_id) override;
  void on_retiring(net::link_id) override;
  void on_reply(net::link_id, net::attempt_id, const http_reply&) override;
  void on_attempt_lost(net::link_id, net::attempt_id, net::fate, const net::failure&) override;
  void on_gone(net::link_id, net::fate, const net::failure&) override;
  // net::gate_timer::owner
  void on_time(net::gate_timer&) noexcept override;
  void on_no_timer(net::gate_timer&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }
  // telling_place::listener
  void on_untold() noexcept override;
  // context_bound
  void on_context_shutdown() noexcept override;
  void on_fork() noexcept override;

  // performing commands
  void pump() noexcept;
  void perform(const core::command&) noexcept;
  void send(const core::command&) noexcept;
  void dial(core::link_id) noexcept;
  void drop(const core::command&) noexcept;
  void reset(const core::command&) noexcept;
  void probe(core::link_id) noexcept;
  void to_flush(core::link_id) noexcept;
  void flush() noexcept;
  void wake_at(core::time_point) noexcept;
  void ended(core::link_id, std::string_view cause = {}, mint_errc = mint_errc::connect_failed) noexcept;
  void tell_soon() noexcept;
  void end_closes() noexcept;
  void shut_down() noexcept;
  void end_all() noexcept;
  void publish() noexcept;
  void follow_key() noexcept;
  void forget_old_keys() noexcept;

  friend class wake_up_call;
  void woken() noexcept;

  struct place_of_link {
    std::shared_ptr<net::connection> held;
    bool to_flush = false;
  };
  std::shared_ptr<net::connection>& connection_at(core::link_id id) noexcept {
    return connections_[core::slot_of(id)].held;
  }

  const net::process_mark made_in_;
  client_options options_;
  telling_place place_;
  keys_in_use keys_;
  std::shared_ptr<rate_governor> governor_;
  const std::shared_ptr<client_figures> figures_;
  std::shared_ptr<wake_up_call> wake_up_call_;
  core::engine engine_;
  std::optional<reporter> reporter_;  // none if there is no observer
  std::shared_ptr<net::endpoint> endpoint_;
  std::vector<place_of_link> connections_;
  std::vector<std::uint32_t> to_flush_;  // the slots of the connections to flush
  net::gate_timer timer_;
  core::time_point wake_at_ = core::never;
  net::gate_timer telling_timer_;
  std::atomic<bool> telling_soon_{false};
  std::shared_ptr<context_members> context_;

  boost::intrusive::list<close_wait> closes_;
  net::member_task<client_impl, &client_impl::shut_down> leaving_{*this};
  net::member_task<client_impl, &client_impl::woken> woken_{*this};
  net::member_task<client_impl, &client_impl::pump> forked_{*this};
  net::member_task<client_impl, &client_impl::tell_soon> tell_soon_{*this};

  std::uint64_t full_handshakes_ = 0;
  std::uint64_t resumed_handshakes_ = 0;
  std::atomic<bool> orphaned_{false};
};

/// An operation of a caller's, from the initiating function to the handler: it enters the gate, begins there
/// unless it was cancelled before, and ends once.
template <class Derived, class Result>
class client_operation : public told<Derived, Result>, protected cancellable {
 public:
  using handler_type = typename told<Derived, Result>::handler_type;

  /// Takes ownership; from here on the operation ends by calling its handler. Throws only what connecting to
  /// the slot throws; then the operation hasn't begun, and `handler` is given back.
  static void begin(Derived& op, asio::cancellation_slot slot, handler_type& handler) {
    try {
      op.link_ = cancel_link::connect(slot, op.client_->gate(), op);
    } catch (...) {
      op.take_back().swap(handler);  // swap, as a move in Boost 1.81 wraps the handler in another
      throw;
    }
    const auto client = op.client_;
    if (client->came_through_fork()) {
      op.tell_elsewhere(error_of_fork());
      return client->context()->forked();  // this also ends all other operations under way
    }
    client->gate()->enter(op.arrival_, client, net::completion::place::elsewhere);
  }

  /// Inside the gate.
  void end_with(Result what) noexcept {
    if (const auto link = std::exchange(link_, nullptr)) link->end();
    this->say(std::move(what));
  }

 protected:
  client_operation(std::shared_ptr<const telling_place> at, handler_type& handler,
                   std::shared_ptr<client_impl> client)
      : told<Derived, Result>{std::move(at), handler}, client_{std::move(client)} {}
  /// If the link is still there, the operation ended without `end_with`: from now on a signal does nothing.
  ~client_operation() {
    if (link_) link_->end();
  }

  /// Called just before the handler. In the child of a `fork` the result, above all a token, belongs to the
  /// parent.
  bool look_once_more(Result& what) noexcept {
    if (client_->came_through_fork()) what = error_of_fork();
    return true;
  }

  const std::shared_ptr<client_impl> client_;

 private:
  friend class told<Derived, Result>;

  void arrive() noexcept {
    auto& self = static_cast<Derived&>(*this);
    if (!link_ || link_->begin()) return self.start();
    self.cancelled_on_the_way();
  }

  std::shared_ptr<cancel_link> link_;
  net::member_task<client_operation, &client_operation::arrive> arrival_{*this};
};

class mint_operation final : public client_operation<mint_operation, mint_result>, public operation {
 public:
  mint_operation(std::shared_ptr<const telling_place> at, handler_type& handler,
                 std::shared_ptr<client_impl> client)
      : client_operation{std::move(at), handler, std::move(client)} {}

  void start() noexcept { client_->submit(*this); }
  void cancelled_on_the_way() noexcept;
  /// The request is invalid: the operation ends with `error` without having begun. Takes ownership.
  void refuse(mint_error error) noexcept { tell_elsewhere(std::move(error)); }

 private:
  friend class told<mint_operation, mint_result>;
  void finished(mint_result&& what) noexcept override { end_with(std::move(what)); }
  void abandoned() noexcept override { drop(); }
  void on_cancel() noexcept override { client_->cancel(static_cast<operation&>(*this)); }
  bool look_once_more(mint_result&) noexcept;
};

class warm_up_operation final : public client_operation<warm_up_operation, result<void>>,
                                public core::warm_up {
 public:
  warm_up_operation(std::shared_ptr<const telling_place> at, handler_type& handler,
                    std::shared_ptr<client_impl> client, std::size_t mints)
      : client_operation{std::move(at), handler, std::move(client)} {
    wanted = mints;
  }

  void start() noexcept { client_->warm_up(*this); }
  void cancelled_on_the_way() noexcept;
  void finished() noexcept;

 private:
  void on_cancel() noexcept override { client_->cancel(static_cast<core::warm_up&>(*this)); }
};

/// Cancelling it ends the wait; the client is closed all the same.
class close_operation final : public client_operation<close_operation, result<void>>, public close_wait {
 public:
  close_operation(std::shared_ptr<const telling_place> at, handler_type& handler,
                  std::shared_ptr<client_impl> client)
      : client_operation{std::move(at), handler, std::move(client)} {}

  void start() noexcept { client_->close(*this); }
  void cancelled_on_the_way() noexcept;

 private:
  void on_cancel() noexcept override { client_->cancel(*this); }
};

}  // namespace ephemint::inline v0::detail

#pragma once

#include "net/dial/dial_step.hpp"
#include "net/dial/happy_eyeballs.hpp"
#include "net/dial/resolver.hpp"
#include "net/failure.hpp"
#include "net/gate_timer.hpp"
#include "net/handler_memory.hpp"
#include "net/link_observer.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;

/// Gets one connected TCP socket: looks up the name, unless the addresses are given, then races the
/// addresses.
class connector final : public dial_step,
                        public resolver::waiter,
                        private gate_timer::owner,
                        public std::enable_shared_from_this<connector> {
 public:
  /// Gets the result once, and never from inside `start`, unless `cancel` came first. Before that it may
  /// reorder the addresses, and is told of each address that failed, was overtaken, or is `taken` by the
  /// socket.
  class waiter {
   public:
    /// May throw `std::bad_alloc`.
    virtual void arrange(addresses&) {}
    virtual void on_address(const asio::ip::address&, address_news) noexcept {}
    virtual void on_socket(asio::ip::tcp::socket) noexcept = 0;
    virtual void on_no_socket(const failure&) noexcept = 0;

   protected:
    ~waiter() = default;
  };

  /// `target`: its name in messages, a host with its port.
  connector(asio::any_io_executor, std::shared_ptr<serial_gate>, std::shared_ptr<resolver>,
            std::string target, std::uint16_t port);

  /// Call it once, from inside the gate. `patience`: the time for look-up and connection together.
  void start(std::shared_ptr<waiter>, std::chrono::milliseconds patience) noexcept;
  /// The same with known addresses, in that order.
  void start(std::shared_ptr<waiter>, std::chrono::milliseconds patience, addresses) noexcept;
  void cancel() noexcept override;

 private:
  /// A connection attempt to one address.
  struct attempt {
    attempt(connector& c, std::size_t i) : owner{c}, index{i}, socket{c.executor_} {}
    ~attempt() { owner.close(socket); }
    void on_ended() noexcept { owner.on_attempt(*this); }

    connector& owner;
    const std::size_t index;
    asio::ip::tcp::socket socket;
    boost::system::error_code result;
    handler_memory memory;
    member_task<attempt, &attempt::on_ended> ended{*this};
  };

  void on_addresses(const lookup_result&) noexcept override;
  void on_time(gate_timer&) noexcept override;
  void on_no_timer(gate_timer&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }

  template <class Step>
  void guarded(Step) noexcept;
  void begin() noexcept;
  void look_up();
  void look_at(const addresses& found);
  void race(addresses);
  void advance();
  void begin_attempt(std::size_t);
  void on_attempt(attempt&) noexcept;
  void close(asio::ip::tcp::socket&) const noexcept;
  void remember(const asio::ip::address&, const boost::system::error_code&);
  void report(const attempt&, address_news) noexcept;
  void report_silent(std::size_t before) noexcept;
  void succeed(attempt&);
  void fail(const std::string& what, clock::time_point not_before = clock::time_point::min());
  void on_timeout();
  void give_up(const failure&) noexcept;

  const process_mark made_in_;
  const asio::any_io_executor executor_;
  const std::shared_ptr<serial_gate> gate_;
  const std::shared_ptr<resolver> resolver_;
  const std::string target_;
  const std::uint16_t port_;
  std::shared_ptr<waiter> waiter_;  // null: it is over
  gate_timer limit_;
  gate_timer turn_;  // when the next address, or the old addresses, are tried
  std::chrono::milliseconds patience_{0};
  clock::time_point deadline_{};
  addresses given_;
  std::optional<happy_eyeballs> race_;
  std::deque<attempt> attempts_;  // not a vector: pending operations point into them
  std::string last_cause_;
  member_task<connector, &connector::begin> begin_{*this};
};

}  // namespace ephemint::inline v0::net

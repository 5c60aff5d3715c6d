#pragma once

#include "net/dial/happy_eyeballs.hpp"
#include "net/dial/resolver.hpp"
#include "net/failure.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;

/// Gets one connected TCP socket: looks the name up, then races its addresses. Lives by its own pending
/// operations; whoever waits is kept alive by it in turn, never the other way round, so that a destroyed
/// context leaves nothing.
class connector final : public resolver::waiter, public std::enable_shared_from_this<connector> {
 public:
  /// Told once, later, unless `cancel` came first.
  class waiter {
   public:
    virtual void on_socket(asio::ip::tcp::socket) = 0;
    virtual void on_no_socket(const failure&) = 0;

   protected:
    ~waiter() = default;
  };

  connector(asio::any_io_executor, std::shared_ptr<resolver>, std::string host, std::uint16_t port);

  /// Once. `patience`: for name and connection together.
  void start(std::shared_ptr<waiter>, std::chrono::milliseconds patience);
  void cancel();

 private:
  void on_addresses(const lookup_result&) override;
  void look_up();
  void use_stale_addresses_soon();
  void advance();
  void begin_attempt(std::size_t);
  void on_attempt(std::size_t, const boost::system::error_code&);
  void on_turn();
  void remember(const asio::ip::address&, const boost::system::error_code&);
  void succeed(std::size_t);
  void fail(std::string what);
  void on_timeout();
  void release();
  std::string target() const;

  asio::any_io_executor executor_;
  std::shared_ptr<resolver> resolver_;
  std::string host_;
  std::uint16_t port_;
  std::shared_ptr<waiter> waiter_;  // null: it is over
  asio::steady_timer limit_;
  asio::steady_timer turn_;
  std::chrono::milliseconds patience_{0};
  clock::time_point deadline_{};
  std::optional<happy_eyeballs> race_;
  std::vector<asio::ip::tcp::socket> attempts_;
  std::string last_cause_;
};

}  // namespace ephemint::inline v0::net

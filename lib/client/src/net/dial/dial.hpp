#pragma once

#include "net/dial/connector.hpp"
#include "net/dial/dial_step.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/dial/tls_handshake.hpp"
#include "net/failure.hpp"
#include "net/serial_gate.hpp"
#include "net/tls_stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>

namespace ephemint::inline v0::net {

struct dial_times {
  std::chrono::milliseconds connect;  ///< for name and TCP connection together
  std::chrono::milliseconds handshake;
};

/// From an endpoint to a TLS session that stands, step by step: name and TCP connection, then the handshake.
/// Each step gives the next one its socket; it fails, or is cancelled, for all of them.
class dial final : private connector::waiter,
                   private tls_handshake::waiter,
                   public std::enable_shared_from_this<dial> {
 public:
  /// Told once, later, unless `cancel` came first.
  class waiter {
   public:
    virtual void on_stream(std::unique_ptr<tls_stream>) noexcept = 0;
    virtual void on_no_stream(const failure&) noexcept = 0;

   protected:
    ~waiter() = default;
  };

  dial(asio::any_io_executor, std::shared_ptr<serial_gate>, std::shared_ptr<endpoint>);

  /// Once. Throws `std::bad_alloc`: nobody is told.
  void start(std::shared_ptr<waiter>, dial_times);
  void cancel() noexcept;

 private:
  void on_socket(asio::ip::tcp::socket) noexcept override;
  void on_no_socket(const failure&) noexcept override;
  void on_handshake(std::unique_ptr<tls_stream>) noexcept override;
  void on_no_handshake(const failure&) noexcept override;
  void fail(const failure&) noexcept;

  const asio::any_io_executor executor_;
  const std::shared_ptr<serial_gate> gate_;
  const std::shared_ptr<endpoint> endpoint_;
  std::shared_ptr<waiter> waiter_;  // null: it is over
  std::weak_ptr<dial_step> step_;
  dial_times times_{};
};

}  // namespace ephemint::inline v0::net

#pragma once

#include "net/dial/dial_step.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/failure.hpp"
#include "net/gate_timer.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"
#include "net/tls_stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>

namespace ephemint::inline v0::net {

/// Establishes a TLS session over a connected socket.
class tls_handshake final : public dial_step,
                            public tls_stream::user,
                            private gate_timer::owner,
                            public std::enable_shared_from_this<tls_handshake> {
 public:
  /// Gets the result once, perhaps from inside `start`, unless `cancel` came first.
  class waiter {
   public:
    /// No operation is pending on the stream.
    virtual void on_handshake(std::unique_ptr<tls_stream>) noexcept = 0;
    virtual void on_no_handshake(const failure&) noexcept = 0;

   protected:
    ~waiter() = default;
  };

  tls_handshake(boost::asio::any_io_executor, std::shared_ptr<serial_gate>, std::shared_ptr<endpoint>);

  /// Call it once.
  void start(std::shared_ptr<waiter>, boost::asio::ip::tcp::socket,
             std::chrono::milliseconds patience) noexcept;
  void cancel() noexcept override;

 private:
  void on_input(const boost::system::error_code&) noexcept override;
  void on_written(const boost::system::error_code&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }
  void on_time(gate_timer&) noexcept override;
  void on_no_timer(gate_timer&) noexcept override;

  template <class Step>
  void guarded(Step) noexcept;
  void shake_hands();
  void succeed_once_written();
  void on_stream_end(const boost::system::error_code&);
  void fail(const failure&) noexcept;

  const process_mark made_in_;
  const std::shared_ptr<serial_gate> gate_;
  const std::shared_ptr<endpoint> endpoint_;
  std::shared_ptr<waiter> waiter_;  // null: it is over
  std::unique_ptr<tls_stream> stream_;
  bool done_ = false;  // only our own last bytes must still be written
  std::chrono::milliseconds patience_{0};
  gate_timer limit_;
};

}  // namespace ephemint::inline v0::net

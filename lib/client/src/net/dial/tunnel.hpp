#pragma once

#include "net/dial/dial_step.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/dial/tunnel_negotiation.hpp"
#include "net/failure.hpp"
#include "net/gate_timer.hpp"
#include "net/handler_memory.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace ephemint::inline v0::net {

/// Makes a proxy open a tunnel to the host, over a socket that is connected to the proxy.
class tunnel final : public dial_step,
                     private gate_timer::owner,
                     public std::enable_shared_from_this<tunnel> {
 public:
  /// Gets the result once, perhaps from inside `start`, unless `cancel` came first.
  class waiter {
   public:
    /// No operation is pending on the socket.
    virtual void on_tunnel(boost::asio::ip::tcp::socket) noexcept = 0;
    virtual void on_no_tunnel(const failure&) noexcept = 0;

   protected:
    ~waiter() = default;
  };

  /// The endpoint must have a proxy.
  tunnel(boost::asio::any_io_executor, std::shared_ptr<serial_gate>, std::shared_ptr<endpoint>);
  ~tunnel() { close(); }
  tunnel(const tunnel&) = delete;
  tunnel& operator=(const tunnel&) = delete;

  /// Call it once.
  void start(std::shared_ptr<waiter>, boost::asio::ip::tcp::socket,
             std::chrono::milliseconds patience) noexcept;
  void cancel() noexcept override;

 private:
  void on_time(gate_timer&) noexcept override;
  void on_no_timer(gate_timer&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }

  template <class Step>
  void guarded(Step) noexcept;
  void wait_for(boost::asio::ip::tcp::socket::wait_type);
  void on_ready() noexcept;
  void send();
  void receive();
  void on_stream_end(const boost::system::error_code&);
  void fail(const failure&) noexcept;
  void close() noexcept;

  const process_mark made_in_;
  const std::shared_ptr<serial_gate> gate_;
  const std::shared_ptr<endpoint> endpoint_;
  std::shared_ptr<waiter> waiter_;  // null: it is over
  std::optional<boost::asio::ip::tcp::socket> socket_;
  std::optional<tunnel_negotiation> negotiation_;
  std::string_view unsent_;  // the rest of its request
  std::chrono::milliseconds patience_{0};
  gate_timer limit_;
  boost::system::error_code error_;  // the result of the wait
  handler_memory memory_;
  member_task<tunnel, &tunnel::on_ready> ready_{*this};
};

}  // namespace ephemint::inline v0::net

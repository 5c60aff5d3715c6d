#pragma once

#include "net/dial/connector.hpp"
#include "net/dial/dial_step.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/dial/tls_handshake.hpp"
#include "net/dial/tunnel.hpp"
#include "net/failure.hpp"
#include "net/gate_timer.hpp"
#include "net/link_observer.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"
#include "net/tls_stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>

namespace ephemint::inline v0::net {

struct dial_times {
  std::chrono::milliseconds connect;    ///< for look-up, TCP connection and the proxy's answer together
  std::chrono::milliseconds handshake;  ///< both apply to one address; their sum bounds the whole dial
};

/// From an endpoint to an established TLS session: look-up and TCP connection, the tunnel if there is a
/// proxy, then the handshake. A node may accept and then hang or hang up. So if a later step fails the next
/// address is tried; if it takes long the next address is tried at the same time; and the first established
/// session is taken (record 15). With a proxy the addresses are the proxy's.
class dial final : private connector::waiter,
                   private gate_timer::owner,
                   public std::enable_shared_from_this<dial> {
 public:
  /// If tunnel and handshake take this long after the connection, the next address is tried: enough for
  /// several round trips over a slow line, and short compared with any deadline. At most a third of the
  /// handshake timeout.
  static constexpr std::chrono::milliseconds usual_delay{500};
  /// How many addresses may have got past the connection at once.
  static constexpr std::size_t most_beside = 3;

  /// Gets the result once, and never from inside `start`, unless `cancel` came first. Before that it is told
  /// of the addresses.
  class waiter {
   public:
    /// May throw `std::bad_alloc`.
    virtual void arrange(addresses&) = 0;
    virtual void on_address(const asio::ip::address&, address_news) noexcept = 0;
    virtual void on_stream(std::unique_ptr<tls_stream>, const dial_facts&) noexcept = 0;
    virtual void on_no_stream(const failure&) noexcept = 0;

   protected:
    ~waiter() = default;
  };

  dial(asio::any_io_executor, std::shared_ptr<serial_gate>, std::shared_ptr<endpoint>);

  /// Call it once. Throws `std::bad_alloc`; then the waiter isn't told.
  void start(std::shared_ptr<waiter>, dial_times);
  void cancel() noexcept;

 private:
  /// The steps after the connection to one address.
  struct lane final : tunnel::waiter, tls_handshake::waiter {
    lane(dial& d, asio::ip::address a) : owner{d}, address{std::move(a)} {}
    void on_tunnel(asio::ip::tcp::socket socket) noexcept override {
      owner.on_tunnel(*this, std::move(socket));
    }
    void on_no_tunnel(const failure& why) noexcept override { owner.on_no_session(*this, why); }
    void on_handshake(std::unique_ptr<tls_stream> made) noexcept override {
      owner.on_handshake(*this, std::move(made));
    }
    void on_no_handshake(const failure& why) noexcept override { owner.on_no_session(*this, why); }

    dial& owner;
    const asio::ip::address address;
    clock::time_point due{};  // when its present step times out
    clock::time_point shakes_since{};
    std::weak_ptr<dial_step> step;
    bool over = false;
  };

  void arrange(addresses&) override;
  void on_address(const asio::ip::address&, address_news) noexcept override;
  void on_socket(asio::ip::tcp::socket) noexcept override;
  void on_no_socket(const failure&) noexcept override;
  void on_tunnel(lane&, asio::ip::tcp::socket) noexcept;
  void on_handshake(lane&, std::unique_ptr<tls_stream>) noexcept;
  void on_no_session(lane&, const failure&) noexcept;
  void on_time(gate_timer&) noexcept override;
  void on_no_timer(gate_timer&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }

  std::shared_ptr<connector> make_connector() const;
  void connect(std::chrono::milliseconds patience);
  void open_tunnel(lane&, asio::ip::tcp::socket);
  void shake_hands(lane&, asio::ip::tcp::socket);
  std::chrono::milliseconds left(std::chrono::milliseconds at_most) const noexcept;
  std::size_t under_way() const noexcept;
  void move_on() noexcept;
  void note(const failure&) noexcept;
  void fail(const failure&) noexcept;

  const asio::any_io_executor executor_;
  const std::shared_ptr<serial_gate> gate_;
  const std::shared_ptr<endpoint> endpoint_;
  const process_mark made_in_;
  std::shared_ptr<waiter> waiter_;  // null: it is over
  dial_times times_{};
  clock::time_point begun_{};
  clock::time_point end_{};
  clock::time_point connect_end_{};  // when the last connector, and the tunnel after it, time out
  std::weak_ptr<dial_step> connecting_;
  bool is_connecting_ = false;
  addresses rest_;  // not tried yet
  asio::ip::address taken_;
  std::list<lane> lanes_;  // a list, as pending steps point into it
  gate_timer beside_;      // when the next address is tried
  failure met_;            // what to report if the dial fails
  bool blames_ = false;    // an address was at fault
};

}  // namespace ephemint::inline v0::net

#pragma once

#include "codec/resp.hpp"
#include "net/dial/connector.hpp"
#include "net/dial/dial.hpp"
#include "net/serial_gate.hpp"
#include "net/store_place.hpp"
#include "net/store_stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace ephemint::inline v0::redis {

/// One connection to one server: dials itself, then carries commands there and replies back. It has no
/// policy. Its pending operations keep it alive. Used inside the gate only.
class store_link final : private net::connector::waiter,
                         private net::dial::waiter,
                         private store_stream::user,
                         public std::enable_shared_from_this<store_link> {
 public:
  /// Must outlive the link's end: call `close()` first.
  class user {
   public:
    /// The connection is established: commands may be sent.
    virtual void on_open() noexcept = 0;
    /// Replies come in the order of the commands.
    virtual void on_reply(resp_value) noexcept = 0;
    /// The connection couldn't be established, or has ended: no call follows. Never called from inside
    /// `connect` or `send`.
    virtual void on_end(std::string_view why) noexcept = 0;

   protected:
    ~user() = default;
  };

  /// The time for look-up and TCP connection together, and the time for a handshake.
  static constexpr net::dial_times usual_patience{std::chrono::milliseconds{2000},
                                                  std::chrono::milliseconds{2000}};

  store_link(boost::asio::any_io_executor, std::shared_ptr<net::serial_gate>, std::shared_ptr<store_place>,
             user&);
  ~store_link();

  /// Call it once. Throws `std::bad_alloc`; then the user isn't told.
  void connect();
  /// Only when open. False: it takes nothing any more; the user will be told of its end, unless it calls
  /// `close`.
  bool send(std::span<const std::string_view> words) noexcept;
  /// Ends the connection as if it had broken; the user is told later, as always.
  void give_up() noexcept;
  /// Commands without a reply yet.
  std::size_t out() const noexcept { return out_; }
  const store_address& address() const noexcept { return place_->address; }
  /// Ends the connection; the user isn't called any more.
  void close() noexcept;

 private:
  void arrange(net::addresses&) override {}
  void on_address(const boost::asio::ip::address&, net::address_news) noexcept override {}
  void on_socket(boost::asio::ip::tcp::socket) noexcept override;
  void on_no_socket(const net::failure&) noexcept override;
  void on_stream(std::unique_ptr<net::tls_stream>, const net::dial_facts&) noexcept override;
  void on_no_stream(const net::failure&) noexcept override;
  void on_bytes(std::string_view) noexcept override;
  void on_stream_end(std::string_view why) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }

  void open(std::unique_ptr<store_stream>) noexcept;
  void end_without(const net::failure&) noexcept;
  void end(std::string_view why) noexcept;
  void broken() noexcept;

  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<net::serial_gate> gate_;
  const std::shared_ptr<store_place> place_;
  user* user_;  // null: it has ended
  std::weak_ptr<net::connector> connecting_;
  std::weak_ptr<net::dial> dialling_;
  std::unique_ptr<store_stream> stream_;
  std::optional<resp_reader> reader_;
  std::size_t out_ = 0;
  net::member_task<store_link, &store_link::broken> broken_{*this};
  bool breaking_ = false;
};

}  // namespace ephemint::inline v0::redis

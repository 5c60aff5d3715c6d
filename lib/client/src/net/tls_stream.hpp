#pragma once

#include "net/dial/tls.hpp"
#include "net/handler_memory.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::inline v0::net {

/// A connected socket and the TLS session over it. Feeds the session what comes, and writes the session's
/// output; the user interprets it. All calls, in both directions, are made inside the gate.
///
/// The reactor only says when the socket is ready; reading and writing is done here. Neither may happen in
/// the child of a `fork`, where the reactor goes on (I9).
class tls_stream {
 public:
  class user {
   public:
    /// Bytes came and were fed to the session, or (`error`) the TCP stream has ended. Call `read` for the
    /// next ones.
    virtual void on_input(const boost::system::error_code& error) noexcept = 0;
    /// The bytes that the socket hadn't taken at once are written; or (`error`) they can't be, and no read is
    /// pending.
    virtual void on_written(const boost::system::error_code& error) noexcept = 0;
    /// What keeps the user, and with it the stream and the gate, while an operation is pending.
    virtual std::shared_ptr<const void> keeper() noexcept = 0;

   protected:
    ~user() = default;
  };

  /// Throws `std::bad_alloc`.
  tls_stream(boost::asio::ip::tcp::socket, tls_context&, serial_gate&, user&);
  ~tls_stream() { close(); }
  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;

  /// Hands the stream to another user. Only while nothing is pending.
  void speak_for(user& next) noexcept { user_ = &next; }

  tls_session& tls() noexcept { return tls_; }
  /// The buffer for its reads from now on. Others may use the buffer between two reads, so what was fed must
  /// be used up before the next read. It must outlive the stream.
  void read_into(std::span<char> place) noexcept { received_ = place; }

  /// Reads once. Throws `std::bad_alloc`.
  void read();
  /// Writes the session's output, without waiting. False: the socket takes nothing any more. What came before
  /// is still read, and then the end of the stream.
  bool flush() noexcept;
  /// Whether bytes wait for the socket to take them, perhaps in vain.
  bool writing() const noexcept { return writing_; }
  /// Checks for bytes that weren't read yet; `would_block` if there are none.
  boost::system::error_code peek() noexcept;

  /// The user isn't called any more.
  void close() noexcept;

 private:
  void on_readable() noexcept;
  void write_rest() noexcept;
  void on_writable() noexcept;
  void give_up_writing() noexcept;
  std::size_t receive(boost::system::error_code&) noexcept;
  std::size_t send(std::string_view, boost::system::error_code&) noexcept;

  serial_gate& gate_;
  user* user_;
  const process_mark made_in_;
  boost::asio::ip::tcp::socket socket_;
  tls_session tls_;
  bool closed_ = false;
  bool is_reading_ = false;
  bool writing_ = false;  // a write of `unsent_` is pending, or nothing can be written any more
  std::string unsent_;
  std::size_t sent_ = 0;  // of `unsent_`
  boost::system::error_code read_error_, write_error_;
  handler_memory reading_, writing_memory_;
  member_task<tls_stream, &tls_stream::on_readable> readable_{*this};
  member_task<tls_stream, &tls_stream::on_writable> writable_{*this};
  // For the handshake, until `received_` is set to another place.
  static constexpr std::size_t own_size = 4096;
  std::unique_ptr<char[]> own_place_{new char[own_size]};
  std::span<char> received_{own_place_.get(), own_size};
};

}  // namespace ephemint::inline v0::net

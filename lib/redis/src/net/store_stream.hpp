#pragma once

#include "net/serial_gate.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string_view>

namespace ephemint::inline v0::redis {

/// Bytes to and from a server, over TCP or TLS. All calls, in both directions, are made inside the gate.
class store_stream {
 public:
  class user {
   public:
    /// These bytes came. Called again and again until `close` or the end.
    virtual void on_bytes(std::string_view) noexcept = 0;
    /// The stream has ended in both directions; `why`: one line.
    virtual void on_stream_end(std::string_view why) noexcept = 0;
    /// What keeps the user, and with it the stream and the gate, while an operation is pending.
    virtual std::shared_ptr<const void> keeper() noexcept = 0;

   protected:
    ~user() = default;
  };

  store_stream() = default;
  store_stream(const store_stream&) = delete;
  store_stream& operator=(const store_stream&) = delete;
  virtual ~store_stream() = default;

  /// Begins to read; bytes that have come already are told from inside. Call it once. Throws
  /// `std::bad_alloc`.
  virtual void speak_for(user&) = 0;
  /// Writes what the socket takes now, and the rest later. False: the socket takes nothing any more.
  virtual bool write(std::string_view) noexcept = 0;
  /// The user isn't called any more.
  virtual void close() noexcept = 0;
};

}  // namespace ephemint::inline v0::redis

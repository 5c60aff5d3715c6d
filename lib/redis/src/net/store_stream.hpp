#pragma once

#include "net/serial_gate.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string_view>

namespace ephemint::inline v0::redis {

/// Bytes to and from a server, over TCP or over TLS. Everything is done, and told, inside the gate.
class store_stream {
 public:
  class user {
   public:
    /// These came. Goes on being told until `close` or the end.
    virtual void on_bytes(std::string_view) noexcept = 0;
    /// Nothing comes any more, and nothing goes; `why`: one line.
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

  /// Begins to read; what has come already is told from inside. Once. Throws `std::bad_alloc`.
  virtual void speak_for(user&) = 0;
  /// Writes now what the socket takes now, and the rest later. False: it takes nothing any more.
  virtual bool write(std::string_view) noexcept = 0;
  /// Nothing is told any more.
  virtual void close() noexcept = 0;
};

}  // namespace ephemint::inline v0::redis

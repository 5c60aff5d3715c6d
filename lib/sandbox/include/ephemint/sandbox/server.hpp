#pragma once

#include <ephemint/sandbox/export.hpp>
#include <ephemint/sandbox/fault.hpp>
#include <ephemint/sandbox/rate_limit.hpp>
#include <ephemint/sandbox/server_options.hpp>
#include <ephemint/sandbox/server_stats.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// A stand-in for the ShipStation API, for tests: `POST /v1/tokens/ephemeral` and the login page that its
/// tokens open, over TLS on loopback, with a certificate of an authority that it makes up in memory.
///
/// It serves from construction to `stop()` or destruction. All members may be called from any thread, at any
/// time. On its own thread, those that act on connections have done so when they return; on an executor of
/// the caller's they have asked for it, and it is done when that executor runs.
class EPHEMINT_SANDBOX_EXPORT server {
 public:
  /// Serves on a thread of its own.
  /// Throws `std::invalid_argument` that names the bad option, `std::system_error` if it can't listen.
  explicit server(server_options = {});
  /// Serves on the caller's executor, whose context must outlive the server. Throws the same.
  explicit server(boost::asio::any_io_executor, server_options = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Stops.
  ~server();

  /// The port that it listens on.
  std::uint16_t port() const noexcept;
  /// `https://localhost:PORT`. `https://127.0.0.1:PORT` and `https://[::1]:PORT` do as well.
  const std::string& base_url() const noexcept;
  /// The certificate of the authority to trust, as PEM.
  const std::string& ca_pem() const noexcept;
  /// Writes `ca_pem()` there. Throws `std::system_error`.
  void write_ca_file(const std::string& path) const;
  /// The key that requests must carry: the last one that it was given.
  std::string api_key() const;
  /// Takes this key alone, from the next request on. Throws as the constructor does.
  void set_api_key(std::string);
  /// Takes this key too, as an API does while a key is replaced: until `set_api_key`. Throws as the
  /// constructor does.
  void add_api_key(std::string);

  /// Whether it agrees on HTTP/2 with clients that offer it: by its options, and in builds with nghttp2. Only
  /// then it takes faults that HTTP/2 alone can show.
  bool speaks_http2() const noexcept;

  /// What it has seen so far.
  server_stats stats() const;
  /// Sets all counters to 0, but `connections_open`.
  void reset_stats();

  /// Replaces the quota, and forgets what was counted. Throws `std::invalid_argument`.
  void set_rate_limit(const rate_limit&);

  /// Replaces `server_options::max_streams`, on connections that are open too. Throws
  /// `std::invalid_argument`.
  void set_max_streams(std::uint32_t);

  /// Adds a fault behind those that are there. Throws `std::invalid_argument` that names the bad member.
  void add_fault(fault);
  /// Forgets all faults, those of the options too.
  void clear_faults();

  /// Ends all open connections by FIN, without close_notify: a server process that was restarted.
  void drop_connections();
  /// Ends all open connections by RST.
  void reset_connections();
  /// Sends bytes on each connection that waits for a request (a 408, for one), and then closes it, or not.
  void push_idle(std::string_view bytes, bool then_close = true);
  /// Forgets all TLS sessions: the tickets out there are worth nothing from now on.
  void forget_sessions();

  /// Closes everything and serves no more; then the counters may still be read. On its own thread it has
  /// ended on return. A second call does nothing.
  void stop() noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::inline v0::sandbox

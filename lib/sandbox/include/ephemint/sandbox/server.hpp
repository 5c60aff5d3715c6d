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

/// A stand-in for the ShipStation API, for tests: `POST /v1/tokens/ephemeral`, and the login page that its
/// tokens open, over TLS on loopback. Its certificate is signed by an authority that it makes in memory.
///
/// It serves from construction to `stop()` or destruction. All members may be called from any thread, at any
/// time. If the server has a thread of its own, members that act on connections have done so when they
/// return. On an executor of the caller's they only post the work, which is done when that executor runs.
class EPHEMINT_SANDBOX_EXPORT server {
 public:
  /// Serves on a thread of its own. Throws `std::invalid_argument`, naming the wrong option, and
  /// `std::system_error` if it can't listen.
  explicit server(server_options = {});
  /// Serves on the caller's executor, whose context must outlive the server. Throws the same.
  explicit server(boost::asio::any_io_executor, server_options = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Stops.
  ~server();

  /// The port that it listens on.
  std::uint16_t port() const noexcept;
  /// `https://localhost:PORT`. `https://127.0.0.1:PORT` and `https://[::1]:PORT` work too.
  const std::string& base_url() const noexcept;
  /// The certificate of the authority to trust, as PEM.
  const std::string& ca_pem() const noexcept;
  /// Writes `ca_pem()` to a file. Throws `std::system_error`.
  void write_ca_file(const std::string& path) const;
  /// The key that requests must carry: the newest one.
  std::string api_key() const;
  /// From the next request on only this key is accepted. Throws as the constructor does.
  void set_api_key(std::string);
  /// Accepts this key too, until the next `set_api_key`, as an API does while a key is replaced. Throws as
  /// the constructor does.
  void add_api_key(std::string);

  /// Whether it speaks HTTP/2 with clients that offer it. That depends on its options, and needs a build with
  /// nghttp2. Only then are HTTP/2's own faults accepted.
  bool speaks_http2() const noexcept;

  /// What it has seen so far.
  server_stats stats() const;
  /// Sets all counters to 0, apart from `connections_open`.
  void reset_stats();

  /// Replaces the quota, and forgets what was counted. Throws `std::invalid_argument`.
  void set_rate_limit(const rate_limit&);

  /// Replaces `server_options::max_streams`, also on open connections. Throws `std::invalid_argument`.
  void set_max_streams(std::uint32_t);

  /// Adds a fault after the existing ones. Throws `std::invalid_argument`, naming the wrong member.
  void add_fault(fault);
  /// Removes all faults, including those of the options.
  void clear_faults();

  /// Ends all open connections by FIN, without close_notify, as when a server process is restarted.
  void drop_connections();
  /// Ends all open connections by RST.
  void reset_connections();
  /// Sends bytes, such as a 408, on each connection that waits for a request, and closes it if `then_close`.
  void push_idle(std::string_view bytes, bool then_close = true);
  /// Forgets all TLS sessions: the tickets that clients hold become useless.
  void forget_sessions();

  /// Closes everything and stops serving; the counters may still be read. If the server has a thread of its
  /// own, that has ended on return. A second call does nothing.
  void stop() noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::inline v0::sandbox

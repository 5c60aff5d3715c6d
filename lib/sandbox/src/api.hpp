#pragma once

#include "counters.hpp"
#include "fault_book.hpp"
#include "http2_reply.hpp"
#include "jwt.hpp"
#include "limiter.hpp"
#include "reply.hpp"

#include <ephemint/sandbox/server_options.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::sandbox {

/// The API itself, without any I/O: a request goes in, and what must happen on its connection comes out. May
/// be used from any thread: one lock is held for the decisions, but not while a token is signed.
class api {
 public:
  /// `port`: the server's own, for `redirect_url` if the options don't set one.
  api(const server_options&, std::uint16_t port);

  exchange answer(const request&, clock::time_point now, wall_clock::time_point wall_now);
  /// The answer to bytes that aren't HTTP, or to a request that is too large.
  exchange answer_garbage();
  /// The same for requests that came over HTTP/2.
  http2_exchange answer_http2(const request&, clock::time_point now, wall_clock::time_point wall_now);
  http2_exchange answer_http2_garbage(std::uint32_t stream);
  /// How a connection that agreed on HTTP/2 begins.
  http2_fault on_http2_connection();
  /// That many streams are open on a connection now.
  void on_streams(std::size_t open);
  /// A stream above the limit was refused.
  void on_refused_stream();
  /// What must happen to a new connection's handshake.
  handshake_fault on_connection();
  void on_connection_end();
  enum class handshake { full, resumed, failed };
  void on_handshake(handshake);

  bool speaks_http2() const noexcept { return speaks_http2_; }
  /// Throws `std::invalid_argument`.
  void set_max_streams(std::uint32_t);
  std::string api_key() const;
  void set_api_key(std::string);
  void add_api_key(std::string);
  void set_rate_limit(const rate_limit&);
  void add_fault(fault);
  void clear_faults();
  server_stats stats() const;
  void reset_stats();

 private:
  /// The answer, and the fault that shapes it, before it is written in a protocol.
  struct decision {
    reply said;
    fault shaped_by;
    std::chrono::microseconds delay{0};
  };
  decision decide(const request&, clock::time_point now, wall_clock::time_point wall_now);
  template <class Exchange>
  Exchange counted(Exchange);
  reply right_answer(const request&, clock::time_point now, wall_clock::time_point wall_now);
  std::optional<reply> refused_by_limiter(const request&, clock::time_point now);
  reply mint(const request&, bool with_url, wall_clock::time_point wall_now) const;
  std::string portal_for(const request&) const;
  reply show_login(const request&, std::string_view query, wall_clock::time_point wall_now);
  bool takes(std::string_view key) const;
  request_fate fate_of(const request&, clock::time_point now);

  const std::string portal_url_;  // empty: this server's own
  const std::uint16_t port_;
  const std::chrono::milliseconds token_lifetime_;
  const std::chrono::milliseconds latency_;
  const std::chrono::milliseconds jitter_;
  const bool speaks_http2_;
  const token_signer signer_;

  mutable std::mutex mutex_;  // guards the members below
  std::uint32_t max_streams_;
  std::vector<std::string> api_keys_;  // the accepted keys, the newest last
  std::unique_ptr<limiter> limiter_;
  fault_book faults_;
  counters counters_;
  std::mt19937_64 chance_;
};

}  // namespace ephemint::inline v0::sandbox

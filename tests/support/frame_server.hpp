#pragma once

#include "http2_frames.hpp"
#include "http2_header_decoder.hpp"
#include "scripted_server.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// A request for a token, as it came.
struct frame_request {
  std::uint32_t stream = 0;  ///< 0: over HTTP/1.1
  std::vector<http2::decoded_field> fields;

  /// The value of the first field of that name; empty if there is none.
  std::string value_of(std::string_view name) const;
  std::string account() const { return value_of("on-behalf-of"); }
};

/// What a connection's client did, in order.
struct seen_connection {
  std::vector<std::string> offered;  ///< by ALPN
  std::string protocol;              ///< that the server picked; empty: none
  bool shook_hands = false;
  bool resumed = false;
  bool preface = false;
  bool ended = false;  ///< the client closed it, or it broke
  std::vector<http2::received_frame> frames;
  std::vector<frame_request> requests;
  std::size_t most_open = 0;  ///< streams at once
  std::size_t written = 0;    ///< bytes that we sent

  int count(http2::frame_type, std::uint8_t with = 0) const;
  /// The codes of its GOAWAYs, and of its RST_STREAMs for that stream (0: for any).
  std::vector<http2::error_code> goaways() const;
  std::vector<http2::error_code> resets(std::uint32_t stream = 0) const;
};

/// The server's end of one HTTP/2 connection. Every function blocks, for 10 s at most, and returns at once
/// when the client has closed. All frames are recorded, whichever function reads them; SETTINGS and PINGs are
/// acknowledged.
class frame_peer {
 public:
  frame_peer(peer& transport, seen_connection& seen, std::atomic<int>& requests);

  /// Reads the preface, and sends our SETTINGS. Returns whether it was a preface.
  bool open(const http2::settings_list& = {});
  /// Reads only the preface.
  bool read_preface();

  /// The next frame, of whatever kind; nothing if the client has ended.
  std::optional<http2::received_frame> next_frame();
  /// The next frame of that kind with those flags; frames before it are only recorded.
  std::optional<http2::received_frame> next_frame(http2::frame_type, std::uint8_t with = 0);
  /// The next request that wasn't returned yet.
  std::optional<frame_request> next_request();
  /// That many; fewer if the client ends first.
  std::vector<frame_request> next_requests(int n);
  /// Whether frames wait to be read, at most that long.
  bool has_input(std::chrono::milliseconds patience);

  /// Writes frames, or any bytes. Returns whether they could be written.
  bool write(std::string_view);
  bool write_in_pieces(std::string_view, std::size_t piece);
  /// Writes that frame so often, many to a record, as long as the client takes them, and reads what the
  /// client sends meanwhile. Returns whether all could be written.
  bool flood(std::string_view frame, int times);

  /// From now on SETTINGS and PINGs aren't acknowledged.
  void be_rude() noexcept { polite_ = false; }
  /// Answers every further request with a token, until the client ends.
  void serve();
  /// Reads until the client ends.
  void wait_for_end();
  /// close_notify and FIN; what the client still sends is read.
  void close();
  /// FIN without close_notify.
  void cut();
  /// RST of TCP.
  void reset();

  /// Waits until so many bytes of DATA fit into the connection's window. Returns false if the client has
  /// ended.
  bool wait_for_window(std::int64_t size);

  const seen_connection& seen() const noexcept { return *seen_; }
  /// Requests that are neither answered nor reset.
  std::size_t open_streams() const noexcept { return open_.size(); }
  peer& transport() noexcept { return *transport_; }

 private:
  void note(const http2::received_frame&);
  void note_written(std::string_view);
  void take_block(const http2::received_frame&);
  void acknowledge_settings();

  peer* transport_;
  seen_connection* seen_;
  std::atomic<int>* requests_;
  http2::frame_reader reader_;
  http2::frame_reader written_;
  http2::header_decoder decoder_;
  std::string block_;
  std::deque<frame_request> waiting_;
  std::set<std::uint32_t> open_;
  std::int64_t window_ = 65'535;  // of the connection: bytes that we may send
  bool polite_ = true;
  bool owes_ack_ = false;
};

/// The account that a token names.
std::string token_for(std::string_view account);
/// The JSON of a good reply, with `filler` more bytes.
std::string good_body(std::string_view account, std::size_t filler = 0);
/// Fields of a good reply with a body of that size.
http2::field_list good_fields(std::size_t body_size);
/// HEADERS and DATA of a good reply.
std::string good_reply(const frame_request&);
/// HEADERS and DATA of a reply with these fields and that body.
std::string reply_of(std::uint32_t stream, const http2::field_list&, std::string_view body);

struct frame_server_wishes {
  std::vector<std::string> protocols = {"h2", "http/1.1"};
  bool insists = false;
  bool alternates = false;
  int greatest_version = TLS1_3_VERSION;
  std::string ciphers = {};
};

/// A TLS server that writes HTTP/2 by hand: script n handles connection n, and the last script all further
/// ones. A script begins after the handshake. If a connection uses HTTP/1.1, every request is answered with a
/// token, and no script sees it.
///
/// When a script has ended, its connection is read until the client closes it.
class frame_server {
 public:
  using script = std::function<void(frame_peer&)>;

  explicit frame_server(script every, const frame_server_wishes& = {});
  explicit frame_server(std::vector<script>, const frame_server_wishes& = {});

  std::uint16_t port() const noexcept { return server_.port(); }
  std::string base_url() const { return "https://localhost:" + std::to_string(port()); }
  /// The authority to trust.
  static std::string authority_pem();

  /// Over all connections; may be called by any thread.
  int requests() const noexcept { return requests_; }
  int connections() const noexcept { return server_.connections(); }
  /// The most connections that were open at once.
  int most_connected() const noexcept { return most_connected_; }

  /// Waits for the scripts to end, and returns what they saw. The client must have been closed.
  const std::deque<seen_connection>& finish();

 private:
  std::vector<scripted_server::script> wrapped(std::vector<script>);
  void serve(peer&, const script&);
  seen_connection& begin();
  void end();
  void serve_http1(peer&, seen_connection&);

  std::mutex mutex_;
  std::deque<seen_connection> seen_;
  std::atomic<int> requests_ = 0;
  int connected_ = 0;
  std::atomic<int> most_connected_ = 0;
  scripted_server server_;  // last, as its threads use the members above
};

}  // namespace ephemint::test

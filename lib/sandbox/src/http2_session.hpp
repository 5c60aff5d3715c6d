#pragma once

#include "http2_peer.hpp"
#include "http2_reply.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::sandbox {

namespace asio = boost::asio;
class hub;
class transport;

/// One HTTP/2 connection, from the end of its handshake: reads and writes at the same time, and answers each
/// stream when its delay is over. It runs on its hub's executor.
class http2_session final : private http2_events {
 public:
  /// `owner` owns the transport and this object.
  http2_session(hub&, transport&, std::weak_ptr<void> owner);
  http2_session(const http2_session&) = delete;
  http2_session& operator=(const http2_session&) = delete;
  ~http2_session();

  /// Returns when the connection has ended.
  asio::awaitable<void> run();
  /// The connection was ended: stops all waits.
  void stop();
  /// Sends bytes if no stream is open.
  void push(std::string_view bytes, bool then_close);
  void set_max_streams(std::uint32_t);

 private:
  /// A request and its answer, sent or planned.
  struct running {
    http2_exchange planned;
    asio::steady_timer timer;
    bool begun = false;
    bool pinged = false;
    unsigned pongs_awaited = 0;
    std::size_t sent = 0;
  };
  /// Bytes that wait to be written.
  struct piece {
    std::string bytes;
    bool bytewise = false;
  };

  void on_request(std::uint32_t stream, http2_request) override;
  void on_stream_end(std::uint32_t stream) override;
  void on_refused() override;
  void on_pong(std::uint32_t stream) override;

  void hear(std::string_view bytes);
  void serve_up_to(std::uint32_t last);
  void wait(std::uint32_t stream, std::chrono::microseconds);
  void begin(std::uint32_t stream);
  bool awaits_pongs(std::uint32_t stream, running&);
  void say_goaway(std::uint32_t stream, const goaway&);
  void reply_to(std::uint32_t stream, running&);
  void send_raw(running&);

  void pump();
  void collect();
  void shape(http2_frame, running&);
  void complete(std::uint32_t stream, running&);
  void add(std::string bytes, bool bytewise = false);
  bool is_drained() const;

  asio::awaitable<void> write_all(std::shared_ptr<http2_session> self);
  asio::awaitable<bool> write(piece);
  asio::awaitable<void> end(connection_end);
  asio::awaitable<void> read_last_bytes();
  void after(asio::steady_timer&, std::chrono::microseconds, void (http2_session::*then)());
  void send_now();
  void hang_up();
  std::shared_ptr<http2_session> self();

  hub& hub_;
  transport& transport_;
  const std::weak_ptr<void> owner_;
  const http2_fault beginning_;
  std::unique_ptr<http2_peer> peer_;
  asio::steady_timer timer_;
  std::vector<char> buffer_;

  std::map<std::uint32_t, running> streams_;
  std::vector<std::uint32_t> ready_;
  std::vector<std::uint32_t> ended_;
  std::uint64_t served_ = 0;
  std::uint32_t latest_ = 0;
  std::uint32_t last_served_;

  std::deque<piece> outbox_;
  std::size_t queued_ = 0;
  bool said_goaway_ = false;
  bool held_back_ = false;
  bool writing_ = false;
  bool muted_ = false;
  bool lingering_ = false;
  bool over_ = false;
  std::optional<connection_end> ending_;
};

}  // namespace ephemint::inline v0::sandbox

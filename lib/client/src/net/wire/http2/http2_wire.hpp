#pragma once

#include "net/wire/http2/frame_splitter.hpp"
#include "net/wire/http2/http2_reply.hpp"
#include "net/wire/http2/http2_stock.hpp"
#include "net/wire/wiped_buffer.hpp"
#include "net/wire/wire.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct nghttp2_session;

namespace ephemint::inline v0::net {

/// HTTP/2 (RFC 9113), by nghttp2: many requests at once, each on a stream of its own. Output is collected
/// until `sent`. The only place that uses nghttp2.
class http2_wire final : public wire {
 public:
  struct settings {
    std::uint32_t max_streams = 100;  ///< the most requests at once, even if the server allows more
    /// The most requests before the server has said how many it allows. Few, as a refused request costs a
    /// permit.
    std::uint32_t first_streams = usual_first_streams;
    std::int32_t next_id = 1;  ///< the first stream's id; tests begin near the last id
  };
  static constexpr std::uint32_t usual_first_streams = 10;
  /// The connection ends after this many frames without a finished reply: a flood of meaningless frames costs
  /// a server little.
  static constexpr int most_idle_frames = 1000;
  /// From this id on no new stream is begun. It is half of the possible ids.
  static constexpr std::int32_t last_id = 1 << 30;

  /// `host` is for messages. `host` and `stock` must outlive the wire.
  http2_wire(const std::string& host, http2_stock& stock, const settings&);
  ~http2_wire() override;
  http2_wire(const http2_wire&) = delete;
  http2_wire& operator=(const http2_wire&) = delete;

  link_room capacity() const noexcept override;
  std::size_t out() const noexcept override { return out_; }
  std::span<char> room() override { return stock_.plaintext(); }
  news commit(std::size_t size) override;
  news end(bool clean, std::string_view cause) override;
  news next(note&) override;
  void forget_reply() noexcept override;
  const failure& problem() const noexcept override { return problem_; }
  void submit(attempt_id, const detail::prepared_request&, clock::duration idle) override;
  bool drop(attempt_id, bool) noexcept override { return true; }
  bool reset(attempt_id) override;
  void probe() override;
  void say_goodbye() override;
  std::string_view output() noexcept override;
  void sent() noexcept override;
  fate fate_of_rest() const noexcept override;

 private:
  static constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

  /// One request and its reply.
  struct stream {
    attempt_id attempt = 0;
    std::int32_t id = 0;
    std::uint32_t code = 0;      // why it was closed
    bool out = false;            // it hasn't ended yet
    bool reset_by_peer = false;  // the peer's RST_STREAM closed it
    bool excluded = false;       // the peer's GOAWAY closed it
    bool unsent = false;         // it was never sent
    http2_reply reply;
    stream* next = nullptr;  // in `over_`
  };
  /// What the peer's GOAWAY said.
  struct farewell {
    bool came = false;
    std::uint32_t code = 0;
    std::int32_t last = 0;
  };

  struct callbacks;  // nghttp2's
  friend struct callbacks;
  struct deleter {
    void operator()(nghttp2_session*) const noexcept;
  };

  static std::unique_ptr<nghttp2_session, deleter> make_session(http2_wire&);
  void introduce(const settings&);
  void write_frames();
  bool read(std::string_view bytes);
  void die(std::uint32_t code, std::string_view why);

  stream& take_stream();
  void recycle(stream&) noexcept;
  void finish(stream&) noexcept;
  bool take_off(stream&) noexcept;
  bool tell_end(stream&, note&);
  void tell_reset(const stream&, note&) const;
  void tell_loss(note&, fate, std::string_view why) const;
  void on_settings() noexcept;
  void on_settled() noexcept { settled_ = true; }
  void on_farewell(std::uint32_t code, std::int32_t last) noexcept;
  void on_closed(stream&, std::uint32_t code) noexcept;
  bool any_news() const noexcept;

  const std::string& host_;
  http2_stock& stock_;
  const std::uint32_t max_streams_;
  bool going_ = false;                            // being destroyed, perhaps outside the gate
  std::vector<std::unique_ptr<stream>> streams_;  // all streams that were ever made
  std::vector<stream*> spare_;                    // those that aren't in use
  stream* over_ = nullptr;                        // those that ended, in that order, and weren't told yet
  stream* over_last_ = nullptr;
  stream* told_ = nullptr;  // the one whose reply is being told
  std::unique_ptr<nghttp2_session, deleter> session_;

  std::unique_ptr<wiped_buffer> output_;  // null if there is no output
  std::int32_t newest_id_ = 0;            // the last one submitted
  std::int32_t written_id_ = 0;           // the last one written, as of `sent`
  std::uint32_t out_ = 0;                 // streams that haven't ended

  std::uint32_t allowed_;           // by the server, or by us before its settings came
  std::uint32_t calm_ = unlimited;  // a lower limit, after the server asked us to calm down
  std::uint32_t capacity_told_;
  farewell farewell_;
  bool retiring_ = false, retiring_told_ = false;
  bool asked_ = false, heard_ = false;  // a sign of life was asked for; it came
  bool settled_ = false;                // the server acknowledged our settings; not reported yet
  bool answered_ = false;               // a request was answered already
  bool had_rested_ = false;             // it may be stale, as of the oldest request under way
  bool heard_since_ = false;            // something came after that request was submitted
  bool out_of_memory_ = false;          // in a callback, which must not throw
  bool closing_ = false;                // we have ended it
  frame_splitter frames_;
  int idle_frames_ = 0;          // since the last reply
  std::int32_t reading_id_ = 0;  // the stream whose frame is being read
  std::uint32_t own_code_ = 0;   // the error code with which nghttp2 ended it
  failure problem_;
};

}  // namespace ephemint::inline v0::net

#include "http2_session.hpp"

#include "api.hpp"
#include "hub.hpp"
#include "transport.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

using namespace std::chrono_literals;

// While this much waits to be sent, nothing more is taken from the peer: a client that doesn't read only
// holds up itself.
constexpr std::size_t enough_queued = 64 * 1024;
constexpr std::size_t read_size = 16 * 1024;
constexpr std::uint32_t every_stream = 0x7fffffff;
constexpr auto longest_goodbye = 1s;

request view_of(const http2_request& asked, std::uint32_t stream, std::uint64_t nth) {
  return {.method = asked.method,
          .target = asked.target,
          .host = asked.host,
          .api_key = asked.api_key,
          .api_keys = asked.api_keys,
          .account = asked.account,
          .accounts = asked.accounts,
          .nth_on_connection = nth,
          .stream = stream};
}

}  // namespace

http2_session::http2_session(hub& owner, transport& bytes, std::weak_ptr<void> lifetime)
    : hub_{owner},
      transport_{bytes},
      owner_{std::move(lifetime)},
      beginning_{hub_.answers().on_http2_connection()},
      peer_{make_http2_peer(*this, *beginning_.max_streams, beginning_.window)},
      timer_{hub_.executor()},
      buffer_(read_size),
      last_served_{every_stream} {}

http2_session::~http2_session() = default;

std::shared_ptr<http2_session> http2_session::self() { return {owner_.lock(), this}; }

asio::awaitable<void> http2_session::run() {
  held_back_ = beginning_.settings_delay > 0ms;
  if (held_back_) after(timer_, beginning_.settings_delay, &http2_session::send_now);
  pump();
  while (!over_) {
    const std::size_t size = co_await transport_.read_some(asio::buffer(buffer_));
    if (size == 0) break;
    if (!muted_ && !ending_) hear({buffer_.data(), size});
  }
  if (lingering_) co_await read_last_bytes();
}

void http2_session::hear(std::string_view bytes) {
  if (!peer_->receive(bytes)) {
    collect();
    add(goaway_frame(latest_, peer_->failure()));
    ending_ = connection_end::close;
  }
  for (const std::uint32_t stream : std::exchange(ready_, {})) begin(stream);
  pump();
}

void http2_session::send_now() {
  held_back_ = false;
  pump();
}

// --- Requests.

void http2_session::on_request(std::uint32_t stream, http2_request asked) {
  if (stream > last_served_) return;  // a GOAWAY excludes it
  latest_ = stream;
  api& answers = hub_.answers();
  answers.on_streams(peer_->open_streams());
  http2_exchange planned = asked.too_large ? answers.answer_http2_garbage(stream)
                                           : answers.answer_http2(view_of(asked, stream, ++served_),
                                                                  clock::now(), wall_clock::now());
  // Applies from the request's arrival, although the GOAWAY is sent later: later requests of the same read
  // are ignored too.
  if (planned.own.go_away) serve_up_to(last_stream_of(*planned.own.go_away, stream));
  const auto delay = planned.delay;
  streams_.try_emplace(stream, running{std::move(planned), asio::steady_timer{hub_.executor()}});
  if (delay > 0us)
    wait(stream, delay);
  else
    ready_.push_back(stream);
}

void http2_session::serve_up_to(std::uint32_t last) { last_served_ = std::min(last_served_, last); }

void http2_session::on_stream_end(std::uint32_t stream) { ended_.push_back(stream); }

void http2_session::on_refused() { hub_.answers().on_refused_stream(); }

void http2_session::on_pong(std::uint32_t stream) {
  const auto at = streams_.find(stream);
  if (at == streams_.end() || at->second.pongs_awaited == 0) return;
  if (--at->second.pongs_awaited == 0) ready_.push_back(stream);
}

void http2_session::wait(std::uint32_t stream, std::chrono::microseconds time) {
  asio::steady_timer& timer = streams_.at(stream).timer;
  timer.expires_after(time);
  timer.async_wait([self = self(), stream](boost::system::error_code error) {
    if (error || self->over_) return;
    self->begin(stream);
    self->pump();
  });
}

void http2_session::begin(std::uint32_t stream) {
  collect();  // earlier frames go out first
  const auto at = streams_.find(stream);
  if (at == streams_.end() || ending_ || muted_) return;
  running& r = at->second;
  if (r.begun) return peer_->go_on(stream);  // the next byte of a drip
  if (awaits_pongs(stream, r)) return;
  r.begun = true;
  const http2_fault& own = r.planned.own;
  if (own.max_streams) peer_->set_max_streams(*own.max_streams);
  if (own.go_away) say_goaway(stream, *own.go_away);
  if (stream <= last_served_) reply_to(stream, r);
}

bool http2_session::awaits_pongs(std::uint32_t stream, running& r) {
  if (!std::exchange(r.pinged, true)) {
    r.pongs_awaited = r.planned.own.pings;
    for (unsigned i = 0; i < r.pongs_awaited; ++i) peer_->ping(stream);
  }
  return r.pongs_awaited != 0;
}

void http2_session::say_goaway(std::uint32_t stream, const goaway& what) {
  const std::uint32_t last = last_stream_of(what, stream);
  add(goaway_frame(last, what.code));
  if (last != every_stream) said_goaway_ = true;
}

void http2_session::reply_to(std::uint32_t stream, running& r) {
  const http2_exchange& planned = r.planned;
  const bool reset_first = planned.own.reset && planned.own.reset_at == reset_point::before_reply;
  if (planned.end_at == end_point::before_reply)
    ending_ = planned.end;
  else if (planned.raw)
    send_raw(r);
  else if (reset_first)
    peer_->reset(stream, *planned.own.reset);
  else if (planned.own.end != stream_end::silent)
    peer_->answer(stream, std::move(r.planned.reply));
}

void http2_session::send_raw(running& r) {
  std::string bytes = *std::move(r.planned.raw);
  if (r.planned.end_at == end_point::inside_reply) bytes.resize(std::min(bytes.size(), r.planned.end_after));
  add(std::move(bytes), r.planned.one_byte_records);
  if (r.planned.end != connection_end::keep) ending_ = r.planned.end;
}

// --- Frames.

void http2_session::pump() {
  if (over_ || muted_) return;
  collect();
  if (!ending_ && outbox_.empty() && (peer_->finished() || is_drained())) ending_ = connection_end::close;
  if (writing_ || held_back_ || (outbox_.empty() && !ending_)) return;
  writing_ = true;
  asio::co_spawn(hub_.executor(), write_all(self()), asio::detached);
}

/// Whether a GOAWAY was sent, and all requests up to its id are answered.
bool http2_session::is_drained() const { return said_goaway_ && !peer_->has_streams_up_to(last_served_); }

void http2_session::collect() {
  while (!ending_ && queued_ < enough_queued) {
    http2_frame frame = peer_->take();
    if (frame.bytes.empty()) break;
    const auto at = streams_.find(frame.head.stream);
    if (at == streams_.end())
      add(std::move(frame.bytes));
    else
      shape(std::move(frame), at->second);
  }
  for (const std::uint32_t stream : std::exchange(ended_, {})) streams_.erase(stream);
}

void http2_session::shape(http2_frame frame, running& r) {
  const http2_exchange& planned = r.planned;
  const std::uint32_t stream = frame.head.stream;
  const bool whole = frame.bytes.size() == frame_head::size + frame.head.length;
  if (planned.own.continuations != 0 && frame.is_final_head && whole)
    frame.bytes = cut_headers(frame.bytes, planned.own.continuations);
  if (frame.is_final_head && !frame.ends_stream())
    for (unsigned i = 0; i < planned.own.empty_data; ++i) frame.bytes += data_frame(stream, {});
  if (planned.end != connection_end::keep && planned.end_at == end_point::inside_reply) {
    const std::size_t left = planned.end_after - r.sent;
    if (frame.bytes.size() >= left) ending_ = planned.end;
    frame.bytes.resize(std::min(frame.bytes.size(), left));
    r.sent += frame.bytes.size();
  }
  add(std::move(frame.bytes), planned.one_byte_records);
  if (ending_) return;
  if (frame.completes_reply) return complete(stream, r);
  if (planned.drip > 0ms && frame.head.type == frame_type::data) wait(stream, planned.drip);
}

void http2_session::complete(std::uint32_t stream, running& r) {
  const http2_exchange& planned = r.planned;
  if (!planned.extra.empty()) add(data_frame(stream, planned.extra), planned.one_byte_records);
  if (planned.own.reset && planned.own.reset_at == reset_point::inside_reply)
    peer_->reset(stream, *planned.own.reset);
  else if (planned.own.reset)
    add(rst_stream_frame(stream, *planned.own.reset));
  if (planned.end != connection_end::keep) ending_ = planned.end;
}

void http2_session::add(std::string bytes, bool bytewise) {
  if (bytes.empty()) return;
  queued_ += bytes.size();
  const bool joins = !outbox_.empty() && !bytewise && !outbox_.back().bytewise;
  if (joins)
    outbox_.back().bytes += bytes;
  else
    outbox_.push_back({std::move(bytes), bytewise});
}

void http2_session::push(std::string_view bytes, bool then_close) {
  if (over_ || muted_ || ending_ || peer_->open_streams() != 0) return;
  collect();
  add(std::string{bytes});
  if (then_close) ending_ = connection_end::cut;
  pump();
}

void http2_session::set_max_streams(std::uint32_t most) {
  if (over_) return;
  peer_->set_max_streams(most);
  pump();
}

// --- The connection.

asio::awaitable<void> http2_session::write_all([[maybe_unused]] std::shared_ptr<http2_session> self) {
  bool sent = true;
  while (sent && !over_ && !outbox_.empty()) {
    piece next = std::move(outbox_.front());
    outbox_.pop_front();
    queued_ -= next.bytes.size();
    sent = co_await write(std::move(next));
    if (sent && !over_) collect();
  }
  writing_ = false;
  if (over_) co_return;
  if (!sent) {
    hang_up();
  } else if (ending_) {
    co_await end(*ending_);
  } else {
    pump();
  }
}

asio::awaitable<bool> http2_session::write(piece next) {
  const std::string& bytes = next.bytes;
  const std::size_t step = next.bytewise ? 1 : bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const bool sent = co_await transport_.write(asio::buffer(bytes.data() + at, step));
    if (!sent || over_) co_return false;
  }
  co_return true;
}

asio::awaitable<void> http2_session::end(connection_end how) {
  streams_.clear();
  if (how == connection_end::stall) {
    muted_ = true;
    co_return;
  }
  if (how == connection_end::reset) {
    transport_.reset();
    stop();
    co_return;
  }
  // Closing with unread bytes would send an RST, which may overtake what was sent.
  lingering_ = true;
  after(timer_, longest_goodbye, &http2_session::hang_up);
  if (how == connection_end::close) co_await transport_.say_goodbye();
  if (!over_) transport_.end_sending();
}

asio::awaitable<void> http2_session::read_last_bytes() {
  std::size_t size = 1;
  while (size != 0 && !over_) size = co_await transport_.read_some_raw(asio::buffer(buffer_));
}

void http2_session::after(asio::steady_timer& timer, std::chrono::microseconds time,
                          void (http2_session::*then)()) {
  timer.expires_after(time);
  timer.async_wait([self = self(), then](boost::system::error_code error) {
    if (!error && !self->over_) (self.get()->*then)();
  });
}

void http2_session::hang_up() {
  transport_.cut();
  stop();
}

void http2_session::stop() {
  over_ = true;
  timer_.cancel();
  streams_.clear();
  outbox_.clear();
}

}  // namespace ephemint::inline v0::sandbox

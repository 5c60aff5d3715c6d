#include "http/session.hpp"

#include "faces/problem.hpp"

#include <ephemint/secret.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <new>
#include <tuple>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace ephemint::inline v0::gateway {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

// How long, and how many bytes, are still read from a client after the last answer.
constexpr std::chrono::milliseconds last_words = 1s;
constexpr std::size_t most_last_words = 256 * 1024;
// When the session is to end: how long to wait for a request that may be on its way, and how long the rest of
// a header or body that has begun may take.
constexpr std::chrono::milliseconds grace = 100ms;
constexpr std::chrono::milliseconds rest = 1s;

/// Whether no header value would end its line.
bool can_be_sent(const reply& answer) {
  return std::ranges::all_of(answer.headers, [](const auto& field) {
    return field.second.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos;
  });
}

void append_field(std::string& wire, std::string_view name, std::string_view value) {
  wire.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

template <class Handler>
void session::read::operator()(Handler handler) const {
  of.socket_.async_read_some(
      room, asio::bind_allocator(wait_allocator<char>{of.transferring_}, std::move(handler)));
}

template <class Handler>
void session::write::operator()(Handler handler) const {
  asio::async_write(of.socket_, all,
                    asio::bind_allocator(wait_allocator<char>{of.transferring_}, std::move(handler)));
}

session::session(std::shared_ptr<listener> owner, any_socket socket, std::string who)
    : owner_{std::move(owner)},
      who_{std::move(who)},
      socket_{std::move(socket)},
      timer_{owner_->executor()},
      begun_at_{clock::now()} {}

session::~session() {
  running_ = {};
  let_go();
  owner_->leave(*this);
}

void session::start() {
  running_ = run();
  running_.start();
}

task<void> session::run() {
  try {
    bool open = true;
    while (open) open = co_await serve_one();
  } catch (const std::exception&) {  // such as no memory: only this connection ends
  }
  let_go();
  cut();
}

void session::finish() noexcept try {
  finishing_ = true;
  if (reading_) arm(patience());
} catch (const std::bad_alloc&) {
  cut();
}

void session::cut() {
  finishing_ = true;
  disarm();
  timer_.cancel();
  lose_peer();
  error_code ignored;
  socket_.close(ignored);
}

task<bool> session::serve_one() {
  reading_ = true;
  const refusal refused = co_await read_request();
  reading_ = false;
  if (!reader_.begun()) co_return false;  // there was no request
  log_entry entry;
  entry.who = who_;
  exchange of{reader_.asked(), entry, gone_.slot(), weak_from_this()};
  if (refused.status != 0)
    refuse(refused, entry);
  else if (!peer_gone_)
    co_await ask(of);
  const bool keep = !finishing_ && !owner_->draining() && of.asked.keep_alive();
  const bool written = co_await deliver(keep, entry);
  owner_->report(entry, clock::now() - begun_at_);
  if (written && !keep) co_await linger();
  if (!written || !keep) co_return false;
  reader_.next();
  served_ = true;
  co_return true;
}

task<session::refusal> session::read_request() {
  phase now = served_ && !reader_.begun() ? phase::idle : phase::header;
  begun_at_ = clock::now();
  arm(patience());
  if (now == phase::idle) become_idle();
  while (reader_.look() == request_reader::state::incomplete && !peer_gone_) {
    const phase next = reader_.in_body() ? phase::body : reader_.begun() ? phase::header : now;
    if (std::exchange(now, next) != next) arm(patience());
    if (reader_.take_expectation()) co_await say_continue();
    if (late_ && !hear_last()) co_return refusal{408, "it came too slowly"};
    co_await read_some();
  }
  co_return reader_.refused();
}

task<void> session::read_some() {
  const bool first = !reader_.begun();
  const asio::mutable_buffer room = reader_.room();
  transfer<read> reading{shared_from_this(), {*this, room}};
  const auto got = co_await reading;
  const auto& [error, size] = got;
  reader_.commit(size);
  idle_since_.reset();
  if (first) begun_at_ = clock::now();
  if (first && finishing_ && reader_.begun()) arm(patience());
  if (error && !late_) lose_peer();
}

task<void> session::say_continue() {
  const asio::const_buffer leave = asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25);
  transfer<write> writing{shared_from_this(), {*this, leave}};
  co_await writing;  // an error shows again in the next read
}

task<void> session::ask(exchange& of) {
  disarm();
  watch();
  bool failed = false;
  try {
    if (!peer_gone_) {
      auto answering = owner_->speaker().answer(of);
      answer_ = co_await answering;
    }
    failed = answer_ && !can_be_sent(*answer_);
  } catch (const std::exception&) {  // its text may hold a secret
    failed = true;
  }
  asking_ = false;
  gone_.slot().clear();  // the operation of the face may be gone
  error_code ignored;
  socket_.cancel(ignored);
  if (peer_has_gone()) lose_peer();
  if (failed) refuse({500, "internal error"}, of.log);
}

task<bool> session::deliver(bool keep, log_entry& entry) {
  bool written = false;
  if (answer_ && !peer_gone_) {
    std::string wire = wire_of(*answer_, keep);
    const asio::const_buffer all = asio::buffer(wire);
    arm(owner_->limits().transfer_timeout);
    transfer<write> writing{shared_from_this(), {*this, all}};
    const auto how = co_await writing;
    const error_code error = std::get<0>(how);
    wipe(wire.data(), wire.size());
    written = !error;
    if (written) entry.status = answer_->status;
  }
  settle(written);
  co_return written;
}

task<void> session::linger() {
  // Closing with unread bytes would send a reset, which may overtake the answer.
  error_code error;
  socket_.shutdown(any_socket::shutdown_send, error);
  arm(std::min(last_words, owner_->limits().transfer_timeout));
  std::size_t heard = 0;
  while (!error && !late_ && heard < most_last_words) {
    transfer<read> reading{shared_from_this(), {*this, reader_.scrap()}};
    std::size_t size = 0;
    std::tie(error, size) = co_await reading;
    heard += size;
  }
}

bool session::hear_last() {
  error_code error;
  if (deaf_ || !finishing_ || reader_.begun()) return false;
  if (socket_.local_endpoint(error).protocol().family() != AF_UNIX) return false;
  socket_.shutdown(any_socket::shutdown_receive, error);
  deaf_ = !error;
  if (deaf_) arm(patience());
  return deaf_;
}

std::chrono::milliseconds session::patience() const {
  const serving_limits& limits = owner_->limits();
  if (finishing_) return std::min(reader_.begun() ? rest : grace, limits.transfer_timeout);
  if (reader_.begun()) return limits.transfer_timeout;
  return served_ ? limits.keep_alive : limits.transfer_timeout;
}

void session::become_idle() {
  idle_since_ = begun_at_;
  owner_->went_idle();
}

void session::watch() {
  if (peer_has_gone()) return lose_peer();
  asking_ = true;
  auto look = [self = shared_from_this()](error_code error) {
    if (error || !self->asking_) return;
    if (self->peer_has_gone()) return self->lose_peer();
    // The bytes that came are another request, and would end each further wait at once. The peer is checked
    // once more before the answer is written.
  };
  socket_.async_wait(any_socket::wait_read,
                     asio::bind_allocator(wait_allocator<char>{watching_}, std::move(look)));
}

bool session::peer_has_gone() {
#ifdef POLLRDHUP
  const short ends = deaf_ ? 0 : POLLRDHUP;  // otherwise it would see its own shutdown
#else
  constexpr short ends = 0;
#endif
  pollfd now{socket_.native_handle(), ends, 0};
  return ::poll(&now, 1, 0) > 0;  // `poll` always reports hang-ups and errors
}

void session::lose_peer() {
  peer_gone_ = true;
  if (asking_) gone_.emit(asio::cancellation_type::terminal);
}

void session::refuse(refusal why, log_entry& entry) {
  settle(false);
  finishing_ = true;  // it isn't known where another request would begin, or what is left of this one
  answer_ = owner_->speaker().refusal(why.status, why.why);
  entry.code = refusal_code(why.status);
  entry.why = why.why;
}

void session::settle(bool handed_over) {
  if (!answer_) return;
  wipe_answer();
  const auto told = std::exchange(answer_->told, nullptr);
  answer_.reset();
  if (told) told(handed_over);
}

/// Drops an answer that wasn't handed over.
void session::let_go() noexcept {
  try {
    settle(false);
  } catch (const std::bad_alloc&) {
  }
}

void session::wipe_answer() noexcept {
  wipe(answer_->body.data(), answer_->body.size());
  for (auto& [name, value] : answer_->headers) wipe(value.data(), value.size());
}

std::string session::wire_of(const reply& answer, bool keep) const {
  const request& asked = reader_.asked();
  std::string wire;
  std::size_t size = 1024 + answer.content_policy.size() + answer.body.size();
  for (const auto& [name, value] : answer.headers) size += 64 + value.size();
  wire.reserve(size);  // reserved at once: growing would leave copies in memory
  const std::string_view reason = http::obsolete_reason(static_cast<http::status>(answer.status));
  fmt::format_to(std::back_inserter(wire), "HTTP/1.1 {} {}\r\n", answer.status, reason);
  append_field(wire, "Cache-Control", "no-store");
  append_field(wire, "Referrer-Policy", "no-referrer");
  append_field(wire, "X-Content-Type-Options", "nosniff");
  append_field(wire, "Content-Length", std::to_string(answer.body.size()));
  if (!answer.content_type.empty()) append_field(wire, "Content-Type", answer.content_type);
  if (!answer.content_policy.empty()) append_field(wire, "Content-Security-Policy", answer.content_policy);
  for (const auto& [name, value] : answer.headers) append_field(wire, http::to_string(name), value);
  if (!keep) append_field(wire, "Connection", "close");
  if (keep && asked.version() == 10) append_field(wire, "Connection", "keep-alive");
  wire.append("\r\n");
  if (asked.method() != http::verb::head) wire.append(answer.body);
  return wire;
}

void session::arm(std::chrono::milliseconds time) {
  late_ = false;
  due_ = asio::steady_timer::clock_type::now() + time;
  await_time();
}

void session::disarm() {
  late_ = false;
  due_ = never;
}

/// There is only one wait at a time, so that `timing_` has memory for it. If it ends before `due_`, `on_time`
/// begins it again.
void session::await_time() {
  if (timed_) {
    if (timer_.expiry() > due_) timer_.cancel();
    return;
  }
  if (due_ == never) return;
  timer_.expires_at(due_);
  timer_.async_wait(asio::bind_allocator(wait_allocator<char>{timing_},
                                         [self = shared_from_this()](error_code) { self->on_time(); }));
  timed_ = true;
}

void session::on_time() try {
  timed_ = false;
  if (due_ > asio::steady_timer::clock_type::now()) return await_time();
  late_ = true;
  error_code ignored;
  socket_.cancel(ignored);
} catch (const std::bad_alloc&) {  // Asio's list of timers can't grow
  cut();
}

}  // namespace ephemint::inline v0::gateway

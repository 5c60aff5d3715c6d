#include "session.hpp"

#include "problem.hpp"

#include <ephemint/secret.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <poll.h>

namespace ephemint::inline v0::gateway {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

// How long, and for how many bytes, a client that was told of the end is heard.
constexpr std::chrono::milliseconds last_words = 1s;
constexpr std::size_t most_last_words = 256 * 1024;

void append_field(std::string& wire, std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view{"\r\n\0", 3}) != value.npos)
    throw std::logic_error{"a header with a line break"};
  wire.append(name).append(": ").append(value).append("\r\n");
}

void wipe_reply(reply& over) noexcept {
  wipe(over.body.data(), over.body.size());
  for (auto& [name, value] : over.headers) wipe(value.data(), value.size());
}

}  // namespace

session::session(std::shared_ptr<listener> owner, any_socket socket, std::string who)
    : owner_{std::move(owner)},
      who_{std::move(who)},
      socket_{std::move(socket)},
      timer_{owner_->executor()},
      begun_at_{clock::now()} {}

session::~session() {
  if (answer_) wipe_reply(*answer_);
  owner_->leave(*this);
}

asio::awaitable<void> session::run(std::shared_ptr<session> self) {
  bool open = true;
  while (open) open = co_await self->serve_one();
  self->cut();
}

void session::finish() {
  finishing_ = true;
  if (!reader_.begun()) hear_last();
}

void session::cut() {
  finishing_ = true;
  timer_.cancel();
  lose_peer();
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<bool> session::serve_one() {
  const incoming what = co_await read_request();
  if (!reader_.begun()) co_return false;  // nobody asked for anything
  log_entry entry;
  entry.who = who_;
  exchange of{reader_.asked(), entry, gone_.slot()};
  answer_.reset();
  if (what == incoming::request) co_await ask(of);
  if (what == incoming::refused) refuse(reader_.refused().status, reader_.refused().why, entry);
  if (what == incoming::late) refuse(408, "it came too slowly", entry);
  bool keep = what == incoming::request && !finishing_ && of.asked.keep_alive();
  const bool written = co_await deliver(keep, entry);
  keep = keep && written;
  owner_->report(entry, clock::now() - begun_at_);
  if (written && !keep) co_await linger();
  if (keep) reader_.next();
  served_ = true;
  co_return keep;
}

asio::awaitable<session::incoming> session::read_request() {
  phase now = served_ && !reader_.begun() ? phase::idle : phase::header;
  begun_at_ = clock::now();
  arm(now == phase::idle ? owner_->limits().keep_alive : owner_->limits().transfer_timeout);
  if (now == phase::idle) become_idle();
  if (finishing_) hear_last();
  while (true) {
    const request_reader::state state = reader_.look();
    if (state == request_reader::state::complete) co_return incoming::request;
    if (state == request_reader::state::refused) co_return incoming::refused;
    const phase next = reader_.in_body() ? phase::body : reader_.begun() ? phase::header : now;
    if (std::exchange(now, next) != next) arm(owner_->limits().transfer_timeout);
    if (reader_.take_expectation()) co_await say_continue();
    if (late_) co_return incoming::late;
    const bool came = co_await read_some();
    if (!came && !late_) co_return incoming::nothing;
  }
}

asio::awaitable<bool> session::read_some() {
  const bool first = !reader_.begun();
  const asio::mutable_buffer room = reader_.room();
  error_code error;
  const std::size_t size =
      co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  reader_.commit(size);
  idle_since_.reset();
  if (first) begun_at_ = clock::now();
  co_return !error;
}

asio::awaitable<void> session::say_continue() {
  const asio::const_buffer leave = asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25);
  error_code ignored;  // the next read will meet it
  co_await asio::async_write(socket_, leave, asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> session::ask(exchange& of) {
  disarm();
  watch();
  bool failed = false;
  try {
    if (!peer_gone_) answer_ = co_await owner_->speaker().answer(of);
  } catch (const std::exception&) {  // what it says may hold a secret
    failed = true;
  }
  asking_ = false;
  gone_.slot().clear();  // what the face waited for may not be there any more
  error_code ignored;
  socket_.cancel(ignored);
  if (peer_has_gone()) lose_peer();
  if (failed) refuse(500, "internal error", of.log);
}

asio::awaitable<bool> session::deliver(bool& keep, log_entry& entry) {
  bool written = false;
  if (answer_ && !peer_gone_) {
    std::string wire = wire_of_answer(keep, entry);
    const asio::const_buffer all = asio::buffer(wire);
    arm(owner_->limits().transfer_timeout);
    error_code error;
    co_await asio::async_write(socket_, all, asio::redirect_error(asio::use_awaitable, error));
    wipe(wire.data(), wire.size());
    written = !error;
  }
  entry.status = written ? answer_->status : 0;
  if (answer_ && answer_->told) answer_->told(written);
  if (answer_) wipe_reply(*answer_);
  co_return written;
}

asio::awaitable<void> session::linger() {
  // To close with bytes unread would send a reset, which may overtake the answer.
  error_code error;
  socket_.shutdown(any_socket::shutdown_send, error);
  arm(std::min(last_words, owner_->limits().transfer_timeout));
  std::size_t heard = 0;
  while (!error && !late_ && heard < most_last_words) {
    const asio::mutable_buffer room = reader_.scrap();
    heard += co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  }
}

void session::hear_last() {
  arm(std::min(last_words, owner_->limits().transfer_timeout));
  if (!served_) return;  // it came with a request
  // Who writes from now on sees that fail, on a Unix socket, and asks elsewhere; what was written is read.
  error_code ignored;
  socket_.shutdown(any_socket::shutdown_receive, ignored);
  deaf_ = true;
}

void session::become_idle() {
  idle_since_ = begun_at_;
  owner_->went_idle();
}

void session::watch() {
  if (peer_has_gone()) return lose_peer();
  asking_ = true;
  socket_.async_wait(any_socket::wait_read, [self = shared_from_this()](error_code error) {
    if (error || !self->asking_) return;
    if (self->peer_has_gone()) return self->lose_peer();
    // What came is another request, and would be told of again and again: it's looked at once more before the
    // answer is written.
  });
}

bool session::peer_has_gone() {
#ifdef POLLRDHUP
  const short ends = deaf_ ? 0 : POLLRDHUP;
#else
  constexpr short ends = 0;
#endif
  pollfd now{socket_.native_handle(), ends, 0};
  return ::poll(&now, 1, 0) > 0;  // hang-ups and errors are told unasked
}

void session::lose_peer() {
  peer_gone_ = true;
  if (asking_) gone_.emit(asio::cancellation_type::terminal);
}

void session::refuse(unsigned status, std::string_view why, log_entry& entry) {
  finishing_ = true;  // nobody knows where another request would begin, or what is left of this one
  try {
    answer_ = owner_->speaker().refusal(status, why);
  } catch (const std::exception&) {
    answer_.emplace().status = status;
  }
  entry.code = refusal_code(status);
  entry.why = why;
}

std::string session::wire_of_answer(bool& keep, log_entry& entry) {
  try {
    return wire_of(*answer_, keep);
  } catch (const std::exception&) {
    if (answer_->told) answer_->told(false);
    wipe_reply(*answer_);
    refuse(500, "internal error", entry);
    return wire_of(*answer_, keep = false);
  }
}

std::string session::wire_of(const reply& answer, bool keep) const {
  const request& asked = reader_.asked();
  std::string wire;
  wire.reserve(512 + answer.body.size());  // no growing: it would leave copies behind
  const auto reason = http::obsolete_reason(static_cast<http::status>(answer.status));
  fmt::format_to(std::back_inserter(wire), "HTTP/1.1 {} {}\r\n", answer.status,
                 std::string_view{reason.data(), reason.size()});
  append_field(wire, "Cache-Control", "no-store");
  append_field(wire, "Referrer-Policy", "no-referrer");
  append_field(wire, "X-Content-Type-Options", "nosniff");
  append_field(wire, "Content-Length", std::to_string(answer.body.size()));
  if (!answer.content_type.empty()) append_field(wire, "Content-Type", answer.content_type);
  if (!answer.content_policy.empty()) append_field(wire, "Content-Security-Policy", answer.content_policy);
  for (const auto& [name, value] : answer.headers) {
    const auto text = http::to_string(name);
    append_field(wire, {text.data(), text.size()}, value);
  }
  if (!keep) append_field(wire, "Connection", "close");
  if (keep && asked.version() == 10) append_field(wire, "Connection", "keep-alive");
  wire.append("\r\n");
  if (asked.method() != http::verb::head) wire.append(answer.body);
  return wire;
}

void session::arm(std::chrono::milliseconds time) {
  disarm();
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), round = round_](error_code error) {
    if (error || round != self->round_) return;
    self->late_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void session::disarm() {
  ++round_;  // one that is on its way already comes for nothing
  late_ = false;
  timer_.cancel();
}

}  // namespace ephemint::inline v0::gateway

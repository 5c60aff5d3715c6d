#include "session.hpp"

#include "api.hpp"
#include "hub.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

using namespace std::chrono_literals;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

session::session(std::shared_ptr<hub> owner, asio::ip::tcp::socket socket)
    : hub_{std::move(owner)},
      transport_{std::move(socket), hub_->tls(), hub_->bare()},
      timer_{hub_->executor()} {
  hub_->enter(*this);
}

session::~session() { hub_->leave(*this); }

asio::awaitable<void> session::run(std::shared_ptr<session> self) {
  bool open = co_await self->open();
  if (open && self->transport_.agreed_on_http2()) {
    self->http2_ = std::make_unique<http2_session>(*self->hub_, self->transport_, self);
    co_await self->http2_->run();
    open = false;
  }
  while (open) open = co_await self->serve_one();
  self->cut();
}

asio::awaitable<bool> session::open() {
  const handshake_fault fault = hub_->answers().on_connection();
  if (fault == handshake_fault::none) {
    const bool agreed = co_await agree();
    co_return agreed && !over_;
  }
  co_await transport_.read_some_raw(unheard());
  hub_->answers().on_handshake(api::handshake::failed);
  if (fault == handshake_fault::reset) reset();
  while (fault == handshake_fault::stall) {
    const std::size_t size = co_await transport_.read_some_raw(unheard());
    if (size == 0) break;
  }
  co_return false;
}

asio::awaitable<bool> session::agree() {
  bool agreed = co_await transport_.handshake();
  // Without ALPN from the client, OpenSSL doesn't call our ALPN callback.
  if (hub_->http2_only() && agreed) agreed = transport_.agreed_on_http2();
  using enum api::handshake;
  if (!hub_->bare()) hub_->answers().on_handshake(!agreed ? failed : transport_.resumed() ? resumed : full);
  co_return agreed;
}

asio::awaitable<bool> session::serve_one() {
  const incoming what = co_await read_request();
  if (what == incoming::nothing) co_return false;
  if (what == incoming::garbage) {
    co_await refuse_garbage();
    co_return false;
  }
  ++served_;
  exchange planned = answer();
  co_return co_await deliver(std::move(planned));
}

asio::awaitable<session::incoming> session::read_request() {
  reader_.next();
  while (true) {
    const asio::const_buffer unread = buffer_.data();
    buffer_.consume(reader_.put({static_cast<const char*>(unread.data()), unread.size()}));
    if (reader_.now() == request_reader::state::garbage) co_return incoming::garbage;
    if (reader_.now() == request_reader::state::complete) co_return incoming::request;
    idle_ = buffer_.size() == 0 && !reader_.begun();
    const std::size_t size = co_await transport_.read_some(buffer_.prepare(4096));
    idle_ = false;
    if (size == 0) co_return incoming::nothing;
    buffer_.commit(size);
  }
}

exchange session::answer() {
  const auto& message = reader_.asked();
  const request asked{.method = view(message.method_string()),
                      .target = view(message.target()),
                      .host = view(message["Host"]),
                      .api_key = view(message["API-Key"]),
                      .api_keys = message.count("API-Key"),
                      .account = view(message["On-Behalf-Of"]),
                      .accounts = message.count("On-Behalf-Of"),
                      .nth_on_connection = served_,
                      .keep_alive = message.keep_alive()};
  return hub_->answers().answer(asked, clock::now(), wall_clock::now());
}

asio::awaitable<bool> session::deliver(exchange planned) {
  if (planned.delay > 0us) co_await pause(planned.delay);
  co_await until_quiet();
  if (over_) co_return false;
  const bool sent = co_await send(planned);
  if (!sent || over_) co_return false;
  if (planned.end == connection_end::keep) co_return true;
  co_await end(planned.end);
  co_return false;
}

asio::awaitable<bool> session::send(const exchange& planned) {
  const std::string& wire = planned.wire;
  const bool bytewise = planned.one_byte_records || planned.drip > 0ms;
  const std::size_t step = bytewise ? 1 : wire.size();
  for (std::size_t at = 0; at < wire.size(); at += step) {
    if (at != 0 && planned.drip > 0ms) co_await pause(planned.drip);
    const bool sent = co_await transport_.write(asio::buffer(wire.data() + at, step));
    if (!sent) co_return false;
  }
  co_return true;
}

asio::awaitable<void> session::end(connection_end how) {
  switch (how) {
    case connection_end::close:
      co_await transport_.say_goodbye();
      break;
    case connection_end::reset:
      reset();
      break;
    case connection_end::stall:
      co_await read_until_end();
      break;
    case connection_end::keep:
    case connection_end::cut:
      break;  // run() cuts
  }
}

asio::awaitable<void> session::refuse_garbage() {
  const exchange planned = hub_->answers().answer_garbage();
  co_await send(planned);
  co_await transport_.say_goodbye();
  // Closing with unread bytes would send an RST, which may overtake the reply.
  transport_.end_sending();
  timer_.expires_after(1s);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->cut();
  });
  std::size_t size = 1;
  while (size != 0) size = co_await transport_.read_some_raw(unheard());
  timer_.cancel();
}

asio::awaitable<void> session::pause(std::chrono::microseconds time) {
  if (over_) co_return;
  timer_.expires_after(time);
  error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> session::until_quiet() {
  if (!pushing_) co_return;
  awaits_quiet_ = true;
  co_await pause(1h);  // ended early by the end of the push
  awaits_quiet_ = false;
}

asio::mutable_buffer session::unheard() { return buffer_.prepare(4096); }

asio::awaitable<void> session::read_until_end() {
  std::size_t size = 1;
  while (size != 0) size = co_await transport_.read_some(unheard());
}

void session::cut() {
  over_ = true;
  if (http2_) http2_->stop();
  timer_.cancel();
  transport_.cut();
}

void session::reset() {
  over_ = true;
  if (http2_) http2_->stop();
  timer_.cancel();
  transport_.reset();
}

void session::set_max_streams(std::uint32_t most) {
  if (http2_) http2_->set_max_streams(most);
}

void session::push(std::shared_ptr<const std::string> bytes, bool then_close) {
  if (http2_) return http2_->push(*bytes, then_close);
  if (!idle_ || pushing_ || over_) return;
  pushing_ = true;
  const asio::const_buffer all = asio::buffer(*bytes);
  transport_.write(all, [self = shared_from_this(), bytes = std::move(bytes), then_close] {
    self->pushing_ = false;
    if (self->awaits_quiet_) self->timer_.cancel();
    if (then_close) self->cut();
  });
}

}  // namespace ephemint::inline v0::sandbox

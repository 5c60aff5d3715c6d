#include "net/connection.hpp"

#include "net/dial/connector.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/dial/tls.hpp"
#include "net/handler_memory.hpp"
#include "net/wire/http1/reply_parser.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

using boost::system::error_code;

namespace {

/// After this long without a request a connection may have died unseen: it is looked at before it is used.
constexpr clock::duration long_idle = std::chrono::milliseconds{10};

}  // namespace

struct connection::impl final : connector::waiter {
  enum class phase : std::uint8_t { fresh, dialling, handshaking, idle, busy, ended };

  impl(connection& owner, asio::any_io_executor executor, std::shared_ptr<endpoint> endpoint, link_id id,
       link_observer& observer)
      : owner_{owner},
        endpoint_{std::move(endpoint)},
        observer_{&observer},
        id_{id},
        socket_{executor},
        timer_{executor} {}

  // connecting
  void connect(std::chrono::milliseconds connect_timeout, std::chrono::milliseconds handshake_timeout);
  void on_socket(asio::ip::tcp::socket) override;
  void on_no_socket(const failure&) override;
  void shake_hands();
  void on_handshake_over();
  void on_handshake_timeout();
  void fail_handshake(const failure&);

  // reading
  void read();
  void on_read(const error_code&, std::size_t);
  void on_stream_end(const error_code&);
  void take_plaintext();
  void on_unasked(const tls_session::decrypted&);
  void deliver();

  // writing
  bool send(attempt_id, std::string_view request);
  bool drop();
  bool peer_is_silent();
  bool flush();
  void write_rest();
  void on_written(const error_code&);

  // ending
  void lose(const failure&);
  void close();
  void end(bool say_goodbye);
  failure lost_because(std::string what) const;

  connection& owner_;
  const std::shared_ptr<endpoint> endpoint_;
  link_observer* observer_;  // null: it hears nothing more
  const link_id id_;
  attempt_id attempt_ = 0;  // while busy
  phase phase_ = phase::fresh;
  bool writing_ = false;      // `unsent_` belongs to a pending write
  bool peer_closed_ = false;  // close_notify came
  bool answered_ = false;     // a request was answered already
  bool was_idle_ = false;     // before this request: another was answered, or a while has passed
  clock::time_point idle_since_{};
  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  std::chrono::milliseconds handshake_timeout_{0};
  std::weak_ptr<connector> connector_;
  std::optional<tls_session> tls_;
  reply_parser parser_;
  std::string unsent_;
  // Small, for an idle connection keeps it: OpenSSL joins records on its own.
  std::array<char, 4096> received_;
  handler_memory reading_;
};

// --- connecting

void connection::impl::connect(std::chrono::milliseconds connect_timeout,
                               std::chrono::milliseconds handshake_timeout) {
  assert(phase_ == phase::fresh);
  phase_ = phase::dialling;
  handshake_timeout_ = handshake_timeout;
  const auto dial =
      std::make_shared<connector>(socket_.get_executor(), endpoint_->names, endpoint_->host, endpoint_->port);
  connector_ = dial;
  dial->start({owner_.shared_from_this(), this}, connect_timeout);
}

void connection::impl::on_no_socket(const failure& why) {
  if (phase_ == phase::dialling) fail_handshake(why);
}

void connection::impl::on_socket(asio::ip::tcp::socket socket) {
  if (phase_ != phase::dialling) return;
  socket_ = std::move(socket);
  phase_ = phase::handshaking;
  tls_.emplace(endpoint_->tls);
  timer_.expires_after(handshake_timeout_);
  timer_.async_wait([self = owner_.shared_from_this()](const error_code& cancelled) {
    if (!cancelled) self->impl_->on_handshake_timeout();
  });
  shake_hands();
  if (phase_ != phase::ended) read();
}

void connection::impl::shake_hands() {
  const tls_status status = tls_->handshake();
  const bool sent = flush();  // an alert too, when it failed
  switch (status) {
    case tls_status::done:
      return on_handshake_over();
    case tls_status::failed:
      return fail_handshake(tls_->problem());
    case tls_status::closed:
      return on_stream_end(asio::error::eof);
    case tls_status::need_input:
      break;
  }
  if (!sent) on_stream_end(asio::error::connection_reset);
}

void connection::impl::on_handshake_over() {
  timer_.cancel();
  phase_ = phase::idle;
  // What came along with the handshake's end is seen before anybody may send: tickets are kept, all else is a
  // reason not to use this connection.
  if (tls_->has_input()) {
    const auto more = tls_->decrypt(parser_.room());
    if (more.status == tls_status::failed) return fail_handshake(tls_->problem());
    if (more.status != tls_status::need_input)
      return fail_handshake(lost_because("the server closed it, or spoke, before it was asked anything"));
  }
  idle_since_ = clock::now();
  observer_->on_open(id_, 1, tls_->resumed());
}

void connection::impl::on_handshake_timeout() {
  if (phase_ != phase::handshaking) return;
  fail_handshake({mint_errc::tls_failed,
                  endpoint_->host + " stalled in the TLS handshake for " +
                      std::to_string(handshake_timeout_.count()) +
                      " ms; it may be overloaded, or something between drops packets",
                  true});
}

void connection::impl::fail_handshake(const failure& why) {
  end(false);
  std::exchange(observer_, nullptr)->on_dial_failed(id_, why);
}

// --- reading

void connection::impl::read() {
  socket_.async_read_some(
      asio::buffer(received_),
      asio::bind_allocator(handler_allocator<char>{reading_},
                           [self = owner_.shared_from_this()](const error_code& error, std::size_t size) {
                             self->impl_->on_read(error, size);
                           }));
}

void connection::impl::on_read(const error_code& error, std::size_t size) {
  if (phase_ == phase::ended) return;
  if (error) return on_stream_end(error);
  tls_->feed({received_.data(), size});
  if (phase_ == phase::handshaking)
    shake_hands();
  else
    take_plaintext();
  if (phase_ != phase::ended) read();
}

/// The TCP stream is over, or TLS has said that it is.
void connection::impl::on_stream_end(const error_code& error) {
  const bool clean = peer_closed_;
  const std::string cause = error == asio::error::eof ? "the server closed it" : error.message();
  if (phase_ == phase::handshaking)
    return fail_handshake({mint_errc::tls_failed,
                           endpoint_->host + " broke off the TLS handshake: " + cause +
                               "; check that base_url's port is the API's",
                           true});
  if (phase_ == phase::busy) {
    if (parser_.end(clean) == reply_parser::status::complete) return deliver();
    return lose(lost_because(parser_.problem() + " (" + cause + ')'));
  }
  lose(lost_because(cause + " while it was idle"));
}

void connection::impl::take_plaintext() {
  auto status = reply_parser::status::incomplete;
  while (tls_->has_input()) {
    const tls_session::decrypted got = tls_->decrypt(parser_.room());
    if (got.status == tls_status::need_input) break;
    if (got.status == tls_status::failed && status != reply_parser::status::complete)
      return lose(tls_->problem());
    if (got.status != tls_status::done) {
      peer_closed_ = true;
      if (status == reply_parser::status::complete) break;
      return on_stream_end(asio::error::eof);
    }
    if (phase_ == phase::idle) return lose(lost_because("the server sent bytes that nobody had asked for"));
    const bool surplus = status == reply_parser::status::complete;
    status = parser_.commit(got.size);
    if (status == reply_parser::status::refused)
      return lose({mint_errc::bad_response, endpoint_->host + ": " + parser_.problem(), false});
    if (surplus) break;
  }
  if (status == reply_parser::status::complete) return deliver();
  if (!flush())
    on_stream_end(asio::error::connection_reset);  // TLS's own answers: to a key update, for instance
}

void connection::impl::deliver() {
  detail::http_reply reply = parser_.reply();
  // RFC 9110, 15.5.9: a server that closes an unused connection may say 408 first. That is no answer to a
  // request that crossed it on the way.
  if (reply.status == 408 && was_idle_ && !reply.reusable) {
    parser_.reset();
    return lose(lost_because("the server closed the idle connection (408)"));
  }
  reply.reusable = reply.reusable && !peer_closed_ && !writing_;
  answered_ = true;
  idle_since_ = clock::now();
  link_observer* const observer = observer_;
  if (reply.reusable)
    phase_ = phase::idle;
  else
    close();
  observer->on_reply(id_, attempt_, reply);
  parser_.reset();
}

// --- writing

bool connection::impl::send(attempt_id attempt, std::string_view request) {
  assert(phase_ == phase::idle);
  if (phase_ != phase::idle) return false;
  const bool idle_for_long = clock::now() - idle_since_ > long_idle;
  was_idle_ = answered_ || idle_for_long;
  if ((idle_for_long && !peer_is_silent()) || !tls_->encrypt(request) || !flush()) {
    observer_ = nullptr;
    end(false);
    return false;
  }
  phase_ = phase::busy;
  attempt_ = attempt;
  return true;
}

/// Looks whether the server has closed the connection, or said something, while it was idle: a request that
/// would be lost isn't sent. It costs a system call, so not where the last reply was read a moment ago.
bool connection::impl::peer_is_silent() {
  char byte;
  error_code error;
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  // Before the first reply come TLS 1.3's tickets, which a busy loop may not have read yet.
  return error == asio::error::would_block || (!error && !answered_);
}

/// Writes what TLS has to say, without waiting. False: the socket takes nothing any more.
bool connection::impl::flush() {
  std::string& output = tls_->output();
  if (writing_ || output.empty()) return true;
  error_code error;
  std::size_t sent = 0;
  do sent = socket_.send(asio::buffer(output), 0, error);
  while (error == asio::error::interrupted);
  if (error == asio::error::would_block)
    sent = 0;
  else if (error)
    return false;
  if (sent == output.size()) {
    output.clear();
    return true;
  }
  output.erase(0, sent);
  std::swap(output, unsent_);
  write_rest();
  return true;
}

void connection::impl::write_rest() {
  writing_ = true;
  asio::async_write(socket_, asio::buffer(unsent_),
                    [self = owner_.shared_from_this()](const error_code& error, std::size_t) {
                      self->impl_->on_written(error);
                    });
}

void connection::impl::on_written(const error_code& error) {
  if (phase_ == phase::ended) return;
  unsent_.clear();
  writing_ = false;
  // A server that answered early and closed is still heard: the pending read gives its answer, or the end.
  if (error == asio::error::broken_pipe || error == asio::error::connection_reset) {
    writing_ = true;
    return;
  }
  if (error || !flush()) on_stream_end(error ? error : error_code{asio::error::connection_reset});
}

// --- ending

void connection::impl::lose(const failure& why) {
  const bool busy = phase_ == phase::busy;
  const fate what = parser_.begun() ? fate::begun : fate::unknown;
  end(false);
  if (busy) observer_->on_attempt_lost(id_, attempt_, what, why);
  if (observer_) std::exchange(observer_, nullptr)->on_gone(id_, why);
}

failure connection::impl::lost_because(std::string what) const {
  return {mint_errc::connect_failed, "the connection to " + endpoint_->host + " was lost: " + std::move(what),
          true};
}

void connection::impl::close() {
  observer_ = nullptr;
  end(true);
}

/// Nothing pending has any effect from here on.
void connection::impl::end(bool say_goodbye) {
  if (phase_ == phase::ended) return;
  const phase before = std::exchange(phase_, phase::ended);
  if (const auto dial = connector_.lock()) dial->cancel();
  timer_.cancel();
  if (say_goodbye && !writing_ && (before == phase::idle || before == phase::busy)) {
    tls_->close();
    flush();
  }
  error_code ignored;
  socket_.close(ignored);
}

bool connection::impl::drop() {
  if (!writing_) return phase_ == phase::ended;
  observer_ = nullptr;
  end(false);
  return true;
}

// --- the contract

connection::connection(asio::any_io_executor executor, std::shared_ptr<endpoint> endpoint, std::uint32_t id,
                       link_observer& observer)
    : impl_{std::make_unique<impl>(*this, std::move(executor), std::move(endpoint), id, observer)} {}

connection::~connection() = default;

void connection::connect(std::chrono::milliseconds connect_timeout,
                         std::chrono::milliseconds handshake_timeout) {
  impl_->connect(connect_timeout, handshake_timeout);
}

bool connection::send(attempt_id attempt, std::string_view request) { return impl_->send(attempt, request); }

bool connection::drop(attempt_id) { return impl_->drop(); }

void connection::close() { impl_->close(); }

}  // namespace ephemint::inline v0::net

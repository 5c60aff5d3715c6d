#include "net/secure_stream.hpp"

#include <boost/asio/error.hpp>

#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::redis {

using boost::system::error_code;

namespace {

constexpr std::string_view closed_it = "it closed the connection";

}  // namespace

secure_stream::secure_stream(std::unique_ptr<net::tls_stream> below) : below_{std::move(below)} {}

secure_stream::~secure_stream() { close(); }

void secure_stream::speak_for(store_stream::user& first) {
  user_ = &first;
  below_->speak_for(static_cast<net::tls_stream::user&>(*this));
  // Bytes that came together with the end of the handshake.
  if (take_plaintext()) below_->read();
}

void secure_stream::on_input(const error_code& error) noexcept try {
  if (closed_) return;
  if (error == boost::asio::error::eof) return end(closed_it);
  if (error) return end("the connection broke: " + error.message());
  if (take_plaintext()) below_->read();
} catch (const std::bad_alloc&) {
  end("out of memory");
}

/// Returns whether the stream is still open.
bool secure_stream::take_plaintext() {
  net::tls_session& tls = below_->tls();
  while (!closed_ && tls.has_input()) {
    const auto got = tls.decrypt(plain_);
    if (got.status == net::tls_status::need_input) break;
    if (got.status == net::tls_status::closed) return end(closed_it), false;
    if (got.status == net::tls_status::failed) return end(tls.problem().message.view()), false;
    user_->on_bytes({plain_.data(), got.size});
  }
  if (!closed_ && !below_->flush()) end("the connection broke");  // answers of TLS itself
  return !closed_;
}

bool secure_stream::write(std::string_view bytes) noexcept try {
  return !closed_ && below_->tls().encrypt(bytes) && below_->flush();
} catch (const std::bad_alloc&) {
  return false;
}

void secure_stream::on_written(const error_code& error) noexcept {
  if (!closed_ && error) end("the connection broke");
}

void secure_stream::end(std::string_view why) noexcept {
  if (closed_) return;
  closed_ = true;
  below_->close();
  user_->on_stream_end(why);
}

void secure_stream::close() noexcept {
  if (closed_) return;
  closed_ = true;
  if (!below_->writing()) {
    below_->tls().close();
    below_->flush();
  }
  below_->close();
}

}  // namespace ephemint::inline v0::redis

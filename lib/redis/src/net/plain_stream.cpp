#include "net/plain_stream.hpp"

#include "net/dial/socket_options.hpp"

#include <ephemint/secret.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using net::completion;

plain_stream::plain_stream(asio::ip::tcp::socket socket, net::serial_gate& gate)
    : gate_{gate}, socket_{std::move(socket)} {}

plain_stream::~plain_stream() { close(); }

void plain_stream::speak_for(user& first) {
  user_ = &first;
  wait_readable();
}

void plain_stream::wait_readable() {
  socket_.async_wait(asio::socket_base::wait_read,
                     asio::bind_allocator(net::handler_allocator<char>{reading_},
                                          [this, keeper = user_->keeper()](const error_code& error) {
                                            read_error_ = error;
                                            gate_.enter(readable_, keeper, completion::place::on_executor);
                                          }));
}

void plain_stream::on_readable() noexcept try {
  if (closed_) return;
  if (made_in_.elsewhere()) read_error_ = asio::error::operation_aborted;
  const std::size_t size = read_error_ ? 0 : receive(read_error_);
  if (read_error_) return end(read_error_);
  if (size > 0) user_->on_bytes({received_.data(), size});
  if (!closed_) wait_readable();
} catch (const std::bad_alloc&) {
  end(asio::error::no_memory);
}

/// 0, and no error, if there is nothing to read.
std::size_t plain_stream::receive(error_code& error) noexcept {
  std::size_t size = 0;
  do size = socket_.receive(asio::buffer(received_), 0, error);
  while (error == asio::error::interrupted);
  if (error == asio::error::would_block) error.clear();
  return size;
}

/// 0, and no error, if the socket takes nothing now.
std::size_t plain_stream::send(std::string_view bytes, error_code& error) noexcept {
  std::size_t size = 0;
  do size = socket_.send(asio::buffer(bytes), 0, error);
  while (error == asio::error::interrupted);
  if (error == asio::error::would_block) error.clear();
  return error ? 0 : size;
}

bool plain_stream::write(std::string_view bytes) noexcept try {
  if (closed_ || made_in_.elsewhere()) return false;
  if (!writing_) {
    error_code error;
    bytes.remove_prefix(send(bytes, error));
    if (error) return false;
  }
  if (bytes.empty()) return true;
  unsent_ += bytes;
  return writing_ || wait_writable();
} catch (const std::bad_alloc&) {
  return false;
}

bool plain_stream::wait_writable() noexcept try {
  socket_.async_wait(asio::socket_base::wait_write,
                     asio::bind_allocator(net::handler_allocator<char>{writing_memory_},
                                          [this, keeper = user_->keeper()](const error_code& error) {
                                            write_error_ = error;
                                            gate_.enter(writable_, keeper, completion::place::on_executor);
                                          }));
  return writing_ = true;
} catch (const std::bad_alloc&) {
  return writing_ = false;
}

void plain_stream::on_writable() noexcept {
  writing_ = false;
  if (closed_) return;
  if (made_in_.elsewhere()) write_error_ = asio::error::operation_aborted;
  const std::size_t sent = write_error_ ? 0 : send(unsent_, write_error_);
  if (write_error_) return end(write_error_);
  if (sent == unsent_.size()) return forget_unsent();
  unsent_.erase(0, sent);
  if (!wait_writable()) end(asio::error::no_memory);
}

/// The bytes may hold a password.
void plain_stream::forget_unsent() noexcept {
  wipe(unsent_.data(), unsent_.size());
  unsent_.clear();
}

void plain_stream::end(const error_code& error) noexcept {
  if (closed_) return;
  close();
  if (error == asio::error::eof) return user_->on_stream_end("it closed the connection");
  if (error == asio::error::no_memory) return user_->on_stream_end("out of memory");
  try {
    user_->on_stream_end("the connection broke: " + error.message());
  } catch (const std::bad_alloc&) {
    user_->on_stream_end("the connection broke");
  }
}

void plain_stream::close() noexcept {
  closed_ = true;
  net::close_socket(socket_, made_in_);
  forget_unsent();
}

}  // namespace ephemint::inline v0::redis

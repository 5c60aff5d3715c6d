#include "net/tls_stream.hpp"

#include "net/dial/socket_options.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/buffer.hpp>

#include <new>
#include <utility>

namespace ephemint::inline v0::net {

namespace asio = boost::asio;
using boost::system::error_code;

tls_stream::tls_stream(asio::ip::tcp::socket socket, tls_context& context, serial_gate& gate, user& first)
    : gate_{gate}, user_{&first}, socket_{std::move(socket)}, tls_{context} {}

void tls_stream::read() {
  is_reading_ = true;
  socket_.async_wait(asio::socket_base::wait_read,
                     asio::bind_allocator(handler_allocator<char>{reading_},
                                          [this, keeper = user_->keeper()](const error_code& error) {
                                            read_error_ = error;
                                            gate_.enter(readable_, keeper, completion::place::on_executor);
                                          }));
}

void tls_stream::on_readable() noexcept {
  is_reading_ = false;
  if (closed_) return;
  if (made_in_.elsewhere()) read_error_ = asio::error::operation_aborted;
  const std::size_t size = read_error_ ? 0 : receive(read_error_);
  if (!read_error_) tls_.feed({received_.data(), size});
  user_->on_input(read_error_);
}

/// 0, and no error, if there is nothing to read.
std::size_t tls_stream::receive(error_code& error) noexcept {
  if (received_.data() != own_place_.get()) own_place_.reset();  // its content was used up
  std::size_t size = 0;
  do size = socket_.receive(asio::buffer(received_.data(), received_.size()), 0, error);
  while (error == asio::error::interrupted);
  if (error == asio::error::would_block) error.clear();
  return size;
}

/// 0, and no error, if the socket takes nothing now.
std::size_t tls_stream::send(std::string_view bytes, error_code& error) noexcept {
  std::size_t size = 0;
  do size = socket_.send(asio::buffer(bytes), 0, error);
  while (error == asio::error::interrupted);
  if (error == asio::error::would_block) error.clear();
  return error ? 0 : size;
}

bool tls_stream::flush() noexcept {
  std::string& output = tls_.output();
  if (writing_ || output.empty()) return true;
  if (made_in_.elsewhere()) return false;
  error_code error;
  const std::size_t sent = send(output, error);
  if (error) return give_up_writing(), false;
  if (sent == output.size()) {
    output.clear();
    return true;
  }
  std::swap(output, unsent_);
  sent_ = sent;
  writing_ = true;
  write_rest();
  return true;
}

void tls_stream::write_rest() noexcept try {
  socket_.async_wait(asio::socket_base::wait_write,
                     asio::bind_allocator(handler_allocator<char>{writing_memory_},
                                          [this, keeper = user_->keeper()](const error_code& error) {
                                            write_error_ = error;
                                            gate_.enter(writable_, keeper, completion::place::on_executor);
                                          }));
} catch (const std::bad_alloc&) {
  give_up_writing();
}

/// A server may have answered early and closed: what came is still read, and then the end.
void tls_stream::give_up_writing() noexcept {
  writing_ = true;
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_both, ignored);
}

void tls_stream::on_writable() noexcept {
  if (closed_) return;
  if (made_in_.elsewhere()) return user_->on_written(asio::error::operation_aborted);
  if (!write_error_) sent_ += send(std::string_view{unsent_}.substr(sent_), write_error_);
  if (!write_error_ && sent_ < unsent_.size()) return write_rest();
  unsent_.clear();
  writing_ = false;
  if (write_error_)
    give_up_writing();
  else if (!flush())
    write_error_ = asio::error::connection_reset;
  if (write_error_ ? !is_reading_ : !writing_) user_->on_written(write_error_);
}

error_code tls_stream::peek() noexcept {
  char byte;
  error_code error;
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  return error;
}

void tls_stream::close() noexcept {
  closed_ = true;
  tls_.leave_buffers();
  close_socket(socket_, made_in_);
}

}  // namespace ephemint::inline v0::net

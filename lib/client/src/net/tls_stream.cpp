#include "net/tls_stream.hpp"

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
  socket_.async_read_some(
      asio::buffer(received_),
      asio::bind_allocator(handler_allocator<char>{reading_},
                           [this, keeper = user_->keeper()](const error_code& error, std::size_t size) {
                             read_error_ = error;
                             received_size_ = size;
                             gate_.enter(read_ended_, keeper, completion::place::on_executor);
                           }));
}

void tls_stream::on_read() noexcept {
  if (closed_) return;
  if (!read_error_) tls_.feed({received_.data(), received_size_});
  user_->on_input(read_error_);
}

bool tls_stream::flush() noexcept {
  std::string& output = tls_.output();
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
  std::swap(output, unsent_);
  sent_ = sent;
  writing_ = true;
  write_rest();
  return true;
}

void tls_stream::write_rest() noexcept try {
  socket_.async_write_some(
      asio::buffer(unsent_) + sent_,
      asio::bind_allocator(handler_allocator<char>{writing_memory_},
                           [this, keeper = user_->keeper()](const error_code& error, std::size_t size) {
                             write_error_ = error;
                             sent_ += size;
                             gate_.enter(write_ended_, keeper, completion::place::on_executor);
                           }));
} catch (const std::bad_alloc&) {
  // A part of it has gone: the pending read is what ends.
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_both, ignored);
}

void tls_stream::on_written() noexcept {
  if (closed_) return;
  // A server that answered early and closed is still heard: the pending read gives its answer, or the end.
  if (write_error_ == asio::error::broken_pipe || write_error_ == asio::error::connection_reset) return;
  if (!write_error_ && sent_ < unsent_.size()) return write_rest();
  unsent_.clear();
  writing_ = false;
  if (!write_error_ && !flush()) write_error_ = asio::error::connection_reset;
  if (!writing_) user_->on_written(write_error_);
}

error_code tls_stream::peek() noexcept {
  char byte;
  error_code error;
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  return error;
}

void tls_stream::close() noexcept {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace ephemint::inline v0::net

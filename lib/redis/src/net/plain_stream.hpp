#pragma once

#include "net/handler_memory.hpp"
#include "net/process_mark.hpp"
#include "net/store_stream.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace ephemint::inline v0::redis {

/// A connected socket. As in the client's own streams the reactor only says when the socket is ready; reading
/// and writing is done inside the gate, after checking for a `fork`.
class plain_stream final : public store_stream {
 public:
  plain_stream(boost::asio::ip::tcp::socket, net::serial_gate&);
  ~plain_stream() override;

  void speak_for(user&) override;
  bool write(std::string_view) noexcept override;
  void close() noexcept override;

 private:
  void wait_readable();
  void on_readable() noexcept;
  bool wait_writable() noexcept;
  void on_writable() noexcept;
  std::size_t receive(boost::system::error_code&) noexcept;
  std::size_t send(std::string_view, boost::system::error_code&) noexcept;
  void end(const boost::system::error_code&) noexcept;
  void forget_unsent() noexcept;

  net::serial_gate& gate_;
  user* user_ = nullptr;
  const net::process_mark made_in_;
  boost::asio::ip::tcp::socket socket_;
  bool closed_ = false;
  bool writing_ = false;  // a wait to write `unsent_` is pending
  std::string unsent_;
  boost::system::error_code read_error_, write_error_;
  net::handler_memory reading_, writing_memory_;
  net::member_task<plain_stream, &plain_stream::on_readable> readable_{*this};
  net::member_task<plain_stream, &plain_stream::on_writable> writable_{*this};
  std::array<char, 4096> received_;
};

}  // namespace ephemint::inline v0::redis

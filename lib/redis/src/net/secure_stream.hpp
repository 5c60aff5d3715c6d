#pragma once

#include "net/store_stream.hpp"
#include "net/tls_stream.hpp"

#include <array>
#include <memory>

namespace ephemint::inline v0::redis {

/// An established TLS session.
class secure_stream final : public store_stream, private net::tls_stream::user {
 public:
  explicit secure_stream(std::unique_ptr<net::tls_stream>);
  ~secure_stream() override;

  void speak_for(store_stream::user&) override;
  bool write(std::string_view) noexcept override;
  void close() noexcept override;

 private:
  void on_input(const boost::system::error_code&) noexcept override;
  void on_written(const boost::system::error_code&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return user_->keeper(); }

  bool take_plaintext();
  void end(std::string_view why) noexcept;

  const std::unique_ptr<net::tls_stream> below_;
  store_stream::user* user_ = nullptr;
  bool closed_ = false;
  std::array<char, 4096> plain_;
};

}  // namespace ephemint::inline v0::redis

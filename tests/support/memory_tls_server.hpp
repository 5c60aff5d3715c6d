#pragma once

#include "test_authority.hpp"

#include <string>
#include <string_view>

namespace ephemint::test {

/// The server's side of a TLS session, in memory.
class memory_tls_server {
 public:
  explicit memory_tls_server(SSL_CTX& context) : ssl_{SSL_new(&context)} {
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
  }

  /// Takes ciphertext from the client; continues the handshake or collects plaintext.
  void receive(std::string_view ciphertext) {
    BIO_write(in_, ciphertext.data(), static_cast<int>(ciphertext.size()));
    if (!shaken_) shaken_ = SSL_do_handshake(ssl_.get()) == 1;
    char plain[16384];
    std::size_t size = 0;
    while (shaken_ && SSL_read_ex(ssl_.get(), plain, sizeof plain, &size) == 1) received_.append(plain, size);
  }

  /// Removes and returns the bytes for the client.
  std::string take() {
    char* begin = nullptr;
    const long size = BIO_get_mem_data(out_, &begin);
    std::string all(begin, static_cast<std::size_t>(size));
    (void)BIO_reset(out_);
    return all;
  }

  void write(std::string_view plain) {
    std::size_t written = 0;
    SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written);
  }
  void close() { SSL_shutdown(ssl_.get()); }

  bool shaken() const noexcept { return shaken_; }
  const std::string& received() const noexcept { return received_; }
  SSL& native() noexcept { return *ssl_; }

 private:
  openssl_pointer<SSL> ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  bool shaken_ = false;
  std::string received_;
};

}  // namespace ephemint::test

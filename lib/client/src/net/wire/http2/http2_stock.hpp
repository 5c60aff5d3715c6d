#pragma once

#include "net/wire/http2/http2_memory.hpp"
#include "net/wire/wiped_buffer.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace ephemint::inline v0::net {

/// Buffers that all HTTP/2 connections of an endpoint take turns to use, so that an idle one holds none. Only
/// one connection reads at a time. Must outlive the connections.
class http2_stock {
 public:
  /// Throws `std::bad_alloc`.
  http2_stock() { spare_.reserve(most_spare); }

  http2_memory& memory() noexcept { return memory_; }

  /// For one read of a socket. It holds many replies, as a server may send several at once.
  std::span<char> ciphertext() noexcept { return ciphertext_; }
  /// For the content of one record, at most 16 KiB. Whoever writes there must wipe it.
  std::span<char> plaintext() noexcept { return plaintext_; }

  /// An empty buffer for a reply. Throws `std::bad_alloc`.
  std::unique_ptr<wiped_buffer> take_buffer();
  void give_back(std::unique_ptr<wiped_buffer>) noexcept;

 private:
  static constexpr std::size_t most_spare = 16;

  http2_memory memory_;
  std::vector<std::unique_ptr<wiped_buffer>> spare_;
  std::array<char, 32 * 1024> ciphertext_;
  std::array<char, 16 * 1024> plaintext_;
};

}  // namespace ephemint::inline v0::net

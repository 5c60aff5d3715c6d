#pragma once

#include "net/wire/http2/http2_memory.hpp"
#include "net/wire/wiped_buffer.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace ephemint::inline v0::net {

/// What all HTTP/2 connections of an endpoint take turns with, so that an idle one has none of it: only one
/// reads at a time. Must outlive them.
class http2_stock {
 public:
  /// Throws `std::bad_alloc`.
  http2_stock() { spare_.reserve(most_spare); }

  http2_memory& memory() noexcept { return memory_; }

  /// For what one read of a socket gives: many replies, for a server that has them answers with several at
  /// once.
  std::span<char> ciphertext() noexcept { return ciphertext_; }
  /// For what one record holds, which is 16 KiB at most. Whoever puts something there wipes it.
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

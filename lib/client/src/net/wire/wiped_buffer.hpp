#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace ephemint::inline v0::net {

/// One contiguous run of bytes that grows at its end, with slack behind it so that a JSON parser may read
/// past it. What it held is wiped before the memory goes: requests hold keys, replies hold tokens.
class wiped_buffer {
 public:
  static constexpr std::size_t slack = 64;             ///< what simdjson may read
  static constexpr std::size_t first_capacity = 4096;  ///< holds the usual reply; an idle connection keeps it

  wiped_buffer();
  ~wiped_buffer();
  wiped_buffer(const wiped_buffer&) = delete;
  wiped_buffer& operator=(const wiped_buffer&) = delete;

  char* data() noexcept { return bytes_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::string_view view(std::size_t from, std::size_t size) const noexcept {
    return {bytes_.get() + from, size};
  }

  /// Room for at least one more byte behind the last; usually for much more.
  std::span<char> room();
  void commit(std::size_t size) noexcept;
  /// Puts a copy behind the last byte.
  void append(std::string_view);

  /// Wipes and forgets everything; gives memory back that a large reply took, if there is as much as the
  /// usual one takes.
  void clear() noexcept;

 private:
  void grow(std::size_t capacity);

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ephemint::inline v0::net

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace ephemint::inline v0::net {

/// One contiguous run of bytes that grows at its end, with slack after it so that a JSON parser may read past
/// the end. Its content is wiped before the memory is freed: requests hold keys, replies hold tokens.
class wiped_buffer {
 public:
  static constexpr std::size_t slack = 64;             ///< what simdjson may read past the end
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

  /// The free space after the last byte: at least one byte, usually many more.
  std::span<char> room();
  void commit(std::size_t size) noexcept;
  /// Appends a copy.
  void append(std::string_view);

  /// Wipes and forgets everything. If a large reply made the buffer grow, it is replaced by one of the usual
  /// size, if there is memory for that.
  void clear() noexcept;

 private:
  void grow(std::size_t capacity);

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ephemint::inline v0::net

#include <ephemint/secret.hpp>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <utility>

namespace ephemint::inline v0 {

void wipe(void* memory, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(memory, 0, size);
  asm volatile("" : : "r"(memory) : "memory");  // the compiler must assume a read: it keeps the write
}

secret::secret(std::string_view text) : secret{text, {}} {}

secret::secret(std::string_view first, std::string_view second) : size_{first.size() + second.size()} {
  if (size_ == 0) return;
  text_ = std::make_unique_for_overwrite<char[]>(size_);
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), text_.get()));
}

secret::secret(secret&& other) noexcept
    : text_{std::move(other.text_)}, size_{std::exchange(other.size_, 0)} {}

secret& secret::operator=(secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  text_ = std::move(other.text_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

secret::~secret() { wipe(); }

void secret::wipe() noexcept { ephemint::wipe(text_.get(), size_); }

std::ostream& operator<<(std::ostream& out, const secret&) { return out << "[redacted]"; }

}  // namespace ephemint::inline v0

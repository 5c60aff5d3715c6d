#pragma once

#include <ephemint/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ephemint::cli {

/// How many were minted, and why the others failed.
class tally {
 public:
  void count(std::optional<mint_errc> failure) noexcept {
    failure ? ++failed_[static_cast<std::size_t>(*failure)] : ++minted_;
  }

  std::uint64_t minted() const noexcept { return minted_; }
  std::uint64_t failed() const noexcept;
  /// `3 of 200 failed: rate_limited 2, rejected 1`, or `200 minted`.
  std::string summary() const;

 private:
  static constexpr std::size_t codes = static_cast<std::size_t>(mint_errc::closed) + 1;

  std::uint64_t minted_ = 0;
  std::array<std::uint64_t, codes> failed_{};
};

}  // namespace ephemint::cli

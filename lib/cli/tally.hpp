#pragma once

#include <ephemint/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace ephemint::cli {

/// How many were minted, and why the others failed.
class tally {
 public:
  void count_minted() noexcept { ++minted_; }
  void count_failed(const mint_error&);

  std::uint64_t minted() const noexcept { return minted_; }
  std::uint64_t failed() const noexcept;
  /// `200 minted`; or how many failed, with the first cause of each kind: `3 of 200 failed: connect_failed 2:
  /// localhost: name unknown; rejected 1: no such account`.
  std::string summary() const;

 private:
  static constexpr std::size_t codes = static_cast<std::size_t>(mint_errc::closed) + 1;

  std::uint64_t minted_ = 0;
  std::array<std::uint64_t, codes> failed_{};
  std::array<std::string, codes> first_causes_;
};

}  // namespace ephemint::cli

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace ephemint::test {

/// The script's log of uses, in C++: counts by cells of a thousandth of a window, in blocks of 32.
class quota_script_log {
 public:
  explicit quota_script_log(std::int64_t window) : window_{window}, grid_{(window + 999) / 1000} {}

  std::int64_t counted() const noexcept { return counted_; }
  std::int64_t edge() const noexcept { return edge_; }

  /// Removes the uses that were counted a window ago.
  void advance(std::int64_t now);
  void add(std::int64_t date, std::int64_t count);
  /// In how many ms the k-th use leaves the window; `step` for each that isn't counted yet.
  std::int64_t leaves(std::int64_t k, std::int64_t now, std::int64_t step) const;
  /// Forgets uses outside of the window.
  void tidy(std::int64_t now);

  /// As the script's fields.
  void write(std::map<std::string, std::string>& fields) const;

 private:
  struct block {
    std::array<std::int64_t, 32> cells{};
    std::int64_t total = 0;
  };

  std::int64_t cell_of(std::int64_t date) const noexcept;
  static std::int64_t behind(std::int64_t number, const block&, std::int64_t edge) noexcept;

  std::int64_t window_;
  std::int64_t grid_;
  std::int64_t counted_ = 0;
  std::int64_t edge_ = 0;
  std::map<std::int64_t, block> blocks_;
};

}  // namespace ephemint::test

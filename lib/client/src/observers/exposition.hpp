#pragma once

#include "observers/counters.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::detail {

/// Writes Prometheus' text format, version 0.0.4: a family's head, followed by all of its samples.
class exposition {
 public:
  struct label {
    std::string_view name;
    std::string_view value;
  };
  using labels = std::initializer_list<label>;

  void counter_family(std::string_view name, std::string_view help) { begin(name, "counter", help); }
  void gauge_family(std::string_view name, std::string_view help) { begin(name, "gauge", help); }
  void histogram_family(std::string_view name, std::string_view help) { begin(name, "histogram", help); }

  void sample(labels of, std::uint64_t value);
  void sample(labels of, double value);
  template <std::size_t N>
  void samples(labels of, const time_histogram<N>& seen) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < N; ++i) bucket(of, seconds(seen.upper()[i]), count += seen.count(i));
    end_of_buckets(of, count + seen.count(N), seen.seconds());
  }

  std::string take() && { return std::move(text_); }

 private:
  static double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1e3; }

  void begin(std::string_view name, std::string_view type, std::string_view help);
  void bucket(labels of, double bound, std::uint64_t count);
  void end_of_buckets(labels of, std::uint64_t count, double sum);
  void series(std::string_view suffix, labels of, std::string_view bound = {});
  void value(std::string_view digits);

  std::string text_;
  std::string_view family_;  // the family whose samples are being written
};

}  // namespace ephemint::inline v0::detail

#pragma once

#include "observers/client_gauges.hpp"
#include "observers/counters.hpp"
#include "observers/exposition.hpp"

#include <ephemint/error.hpp>
#include <ephemint/metrics.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace ephemint::inline v0 {
namespace detail {

using std::chrono::milliseconds;

/// The buckets that OpenTelemetry recommends for the duration of an HTTP request, 5 ms to 10 s.
inline constexpr std::array duration_bounds{
    milliseconds{5},    milliseconds{10},   milliseconds{25},   milliseconds{50},   milliseconds{75},
    milliseconds{100},  milliseconds{250},  milliseconds{500},  milliseconds{750},  milliseconds{1000},
    milliseconds{2500}, milliseconds{5000}, milliseconds{7500}, milliseconds{10000}};
using duration_histogram = time_histogram<duration_bounds.size()>;

/// What is left of a token's ten seconds. Most tokens have nearly all of it left, so the bounds are close
/// together at that end.
inline constexpr std::array remaining_bounds{
    milliseconds{1000}, milliseconds{2000}, milliseconds{3000}, milliseconds{4000}, milliseconds{5000},
    milliseconds{6000}, milliseconds{7000}, milliseconds{8000}, milliseconds{9000}, milliseconds{9500},
    milliseconds{9800}, milliseconds{9900}, milliseconds{9950}};

inline constexpr std::size_t urgencies = 2;
/// One for a token, and one for each code of `mint_errc`, which count from 1.
inline constexpr std::size_t mint_results = 13;

template <class Enum>
constexpr std::size_t index(Enum e) noexcept {
  return static_cast<std::size_t>(e);
}

}  // namespace detail

struct metrics::state {
  template <std::size_t N>
  using counters = std::array<detail::counter, N>;

  std::array<counters<detail::mint_results>, detail::urgencies> mints{};
  std::array<detail::duration_histogram, detail::urgencies> mint_durations{
      detail::duration_histogram{detail::duration_bounds},
      detail::duration_histogram{detail::duration_bounds}};
  std::array<std::array<detail::time_counter, wait_reasons>, detail::urgencies> waits{};
  detail::time_histogram<detail::remaining_bounds.size()> remaining{detail::remaining_bounds};
  counters<attempt_outcomes> requests{};
  counters<attempt_reasons> requests_by_reason{};
  detail::duration_histogram request_durations{detail::duration_bounds};
  detail::counter full_handshakes;
  detail::counter resumed_handshakes;
  detail::counter failed_dials;
  detail::client_gauges clients;

  std::mutex mutex;  // guards the members below
  std::vector<std::function<std::string()>> more;

  void write_mints(detail::exposition&) const;
  void write_requests(detail::exposition&) const;
  void write_connections(detail::exposition&, const detail::client_totals&) const;
};

}  // namespace ephemint::inline v0

#include "quota_network.hpp"

#include <cmath>

namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;

double exponential(core::splitmix& random, double mean) { return -mean * std::log(1.0 - random.unit()); }

/// `at`, or, if it lies in a silence, the end of that silence. The first `silence` of every `period` is
/// silent.
time_point after_silence(time_point at, duration silence, duration period) {
  const duration into = at.time_since_epoch() % period;
  return into < silence ? at + (silence - into) : at;
}

legs usual(core::splitmix& random) {
  const double jitter = exponential(random, 0.020) + (random.unit() < 0.01 ? 0.150 : 0.0);
  const double share = random.unit();
  return {whole(0.030 + jitter * share), whole(0.030 + jitter * (1.0 - share))};
}

legs apart(core::splitmix& random) {
  const duration there = whole(0.005 + exponential(random, 0.040));
  return {there, whole(0.005 + exponential(random, 0.040))};
}

/// The server reads everything that came during a silence at once, at the end of the silence.
legs held(time_point sent_at, duration silence, duration period, core::splitmix& random) {
  const legs l = apart(random);
  return {after_silence(sent_at + l.there, silence, period) - sent_at, l.back};
}

legs loaded(time_point sent_at, core::splitmix& random) {
  const legs l = apart(random);
  const duration there = after_silence(sent_at + 1ms, 400ms, 700ms) - sent_at + l.there;
  return {there, after_silence(sent_at + there + l.back, 400ms, 700ms) - sent_at - there};
}

}  // namespace

std::string_view name_of(delays d) {
  constexpr std::string_view names[] = {"usual",    "before counting", "after counting", "apart",
                                        "queueing", "stalling",        "loaded"};
  return names[static_cast<std::size_t>(d)];
}

std::vector<delays> all_delays() {
  return {delays::usual,    delays::before_counting, delays::after_counting, delays::apart,
          delays::queueing, delays::stalling,        delays::loaded};
}

legs legs_of(delays d, time_point sent_at, core::splitmix& random) {
  switch (d) {
    case delays::usual:
      return usual(random);
    case delays::before_counting:
      return {whole(0.100 + exponential(random, 0.020)), 0ms};
    case delays::after_counting:
      return {0ms, whole(0.100 + exponential(random, 0.020))};
    case delays::apart:
      return apart(random);
    case delays::queueing:
      return held(sent_at, 1500ms, 4s, random);
    case delays::stalling:
      return held(sent_at, 3s, 7s, random);
    case delays::loaded:
      return loaded(sent_at, random);
  }
  return {};
}

}  // namespace ephemint::quota_world

#pragma once

#include "core/random.hpp"
#include "quota_server.hpp"

#include <string_view>
#include <vector>

namespace ephemint::quota_world {

/// Where the time between a request and its reply is lost. A server counts in its midst, and a client sees
/// both ends only.
enum class delays : std::uint8_t {
  usual,            ///< 60 ms + exponential 20 ms, 1 % tails of + 150 ms, on both legs by chance
  before_counting,  ///< all of 100 ms + exponential 20 ms
  after_counting,   ///< the same
  apart,            ///< each leg by itself: 5 ms + exponential 40 ms
  queueing,         ///< the server counts nothing for 1.5 s of every 4
  stalling,         ///< the same for 3 s of every 7: longer than an attempt is waited for
  loaded,           ///< the client's process handles nothing for 0.4 s of every 0.7, and writes late
};

std::string_view name_of(delays d);
std::vector<delays> all_delays();

/// One request's: so long until the server counts it, and so long from then on until its reply is handled.
struct legs {
  duration there;
  duration back;
};

legs legs_of(delays d, time_point sent_at, core::splitmix& random);

}  // namespace ephemint::quota_world

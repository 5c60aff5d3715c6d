#pragma once

#include "core/random.hpp"
#include "quota_server.hpp"

#include <string_view>
#include <vector>

namespace ephemint::quota_world {

/// Where the time between a request and its reply is spent. The server counts at some point in between, while
/// the client sees only both ends.
enum class delays : std::uint8_t {
  usual,            ///< 60 ms + exponential 20 ms, in 1 % + 150 ms, split over both legs at random
  before_counting,  ///< 100 ms + exponential 20 ms, all before the server counts
  after_counting,   ///< the same, all after the server has counted
  apart,            ///< each leg on its own: 5 ms + exponential 40 ms
  queueing,         ///< the server counts nothing for 1.5 s of every 4
  stalling,         ///< the same for 3 s of every 7, which is longer than an attempt's timeout
  loaded,           ///< the client's process handles nothing for 0.4 s of every 0.7, and writes late
};

std::string_view name_of(delays d);
std::vector<delays> all_delays();

/// The times of one request: until the server counts it, and from then on until its reply is handled.
struct legs {
  duration there;
  duration back;
};

legs legs_of(delays d, time_point sent_at, core::splitmix& random);

}  // namespace ephemint::quota_world

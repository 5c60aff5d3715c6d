#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

/// An API of several nodes, some of them sick, in virtual time: the engine with all its links, and dials as
/// `net::dial` makes them. Every random choice comes from the scenario's seed: a run repeats exactly.
namespace ephemint::sick_nodes {

using core::duration;

enum class node : std::uint8_t {
  well,
  refuses,                 ///< the connection
  swallows,                ///< every packet
  hangs_in_the_handshake,  ///< having accepted
  hangs_up,                ///< in the handshake
  answers_503,
  hangs_after_it,  ///< never answers a request
  hangs_up_after_it,
  gives_no_token,  ///< in its 200
};

struct scenario {
  std::vector<node> nodes;
  /// One address for all nodes, from which each connection leads to any of them. Else one address for each,
  /// in this order.
  bool balanced = false;
  /// How often each node's state moves to the next node. 0: never.
  duration turns{};
  double logins_per_second = 2;
  duration length = std::chrono::minutes{10};
  duration deadline = std::chrono::seconds{8};
  std::size_t max_connections = 8;
  duration max_age = std::chrono::minutes{10};
  std::uint64_t seed = 1;
};

struct figures {
  std::size_t logins = 0;
  std::size_t minted = 0;
  std::size_t requests = 0;
  std::size_t at_sick = 0;  ///< requests that a sick node got
  std::size_t dials = 0;
  duration longest{};  ///< of a login that was minted

  double share() const { return logins == 0 ? 1 : static_cast<double>(minted) / static_cast<double>(logins); }
};

figures run(const scenario&);

}  // namespace ephemint::sick_nodes

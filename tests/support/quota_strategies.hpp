#pragma once

#include "quota_world.hpp"

#include <string>
#include <vector>

namespace ephemint::quota_world {

struct client_network;

/// Ephemint: the real engine and the real governor, with a client's defaults. Only the connections are
/// simulated.
strategy_maker engine_driven(ephemint::quota q);
strategy_maker engine_driven(ephemint::quota q, client_network);

/// Knows the server, and sends when it would admit a request.
strategy_maker oracle();
/// Knows the server but not when its quota grows: it checks this every `every`. The bound for clients that
/// were told nothing.
strategy_maker looking(duration every);

/// Each call retries on its own, 10 tries, full jitter: 50 ms doubled up to 20 s.
strategy_maker naive();
/// Each call waits for its own `Retry-After` (1 s without one), 3 tries, as the only official SDK that
/// honours it.
strategy_maker own_retry_after();
/// AWS SDKs' standard mode: 3 tries, full jitter from 1 s to 20 s, retry quota 500 (5 a retry, 1 back a
/// success).
strategy_maker aws_standard();
/// AWS SDKs' adaptive mode: the standard one behind a client-wide token bucket whose rate follows CUBIC
/// (beta 0.7, scale constant 0.4), by the published formulas.
strategy_maker aws_adaptive();
/// One request every window / N; refused calls go back into the queue.
strategy_maker pacer(double quota, duration window);
/// Never more than N sent in a sliding window, dated by the send; refused calls go back into the queue.
strategy_maker sliding_log(double quota, duration window);

struct named_strategy {
  std::string name;
  strategy_maker make;
};
/// All strategies, for a client that was told this quota.
std::vector<named_strategy> all_strategies(ephemint::quota told);

}  // namespace ephemint::quota_world

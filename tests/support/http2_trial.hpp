#pragma once

#include "client_run.hpp"
#include "frame_server.hpp"
#include "token_account.hpp"

#include <chrono>
#include <future>
#include <map>
#include <string>
#include <vector>

namespace ephemint::test {

namespace h2 = http2;

/// How often each outcome occurred. A token for another account is an outcome of its own.
using outcomes = std::map<std::string, int>;

inline constexpr const char* anothers_token = "another's token";

/// Options for a client of that server: only its authority trusted, no quota, hardly any back-off, and long
/// timeouts, so that only what a test means to time out does.
client_options options_for(const frame_server&);

/// So many mints at once, of se-`first` and the accounts that follow.
struct batch {
  int mints = 1;
  int first = 0;
};

/// The outcome of a batch.
struct batch_results {
  std::vector<std::string> names;  ///< in the accounts' order
  outcomes all;
};

/// So many mints at once, for se-`first` and the accounts that follow. Returns their outcomes.
asio::awaitable<batch_results> mint_batch(client&, int mints = 1, int first = 0);

/// The outcomes of a client of its own.
struct trial {
  std::vector<batch_results> batches;
  client_stats stats;

  const outcomes& all(std::size_t n = 0) const { return batches.at(n).all; }
  const std::vector<std::string>& names(std::size_t n = 0) const { return batches.at(n).names; }
};

/// These batches, one after the other, by one client, which is destroyed when this returns.
trial mint_through(client_options, const std::vector<batch>& = {{}});

/// Lets a script wait for the test.
class signal_to_script {
 public:
  void give() { given_.set_value(); }
  /// Whether it was given within 10 s.
  bool wait() { return waiting_.wait_for(10s) == std::future_status::ready; }

 private:
  std::promise<void> given_;
  std::shared_future<void> waiting_ = given_.get_future().share();
};

}  // namespace ephemint::test

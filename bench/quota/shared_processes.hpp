#pragma once

#include "support/redis_server.hpp"

#include <ephemint/sandbox/server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::bench {

/// One of the `ephemint mint` processes that share a quota.
struct shared_part {
  std::size_t accounts = 0;
  /// How often a new account arrives; 0: all are there from the start.
  std::chrono::milliseconds every{};
  /// Further arguments.
  std::vector<std::string> told{};
};

class shared_processes;

/// An event for the processes, and how long after their start it happens.
struct happening {
  std::chrono::milliseconds at;
  std::function<void(shared_processes&)> what;
};

struct shared_setup {
  std::string name;
  sandbox::rate_limit limit;  ///< the sandbox's; the processes are told the same
  std::vector<shared_part> parts;
  bool store_is_there = true;
  std::vector<happening> happenings{};
  std::vector<sandbox::fault> faults{};
  std::chrono::milliseconds patience = std::chrono::minutes{3};  ///< then they are ended
};

using seconds = std::chrono::duration<double>;

struct part_result {
  std::vector<seconds> minted_at;    ///< since the start
  std::vector<seconds> answered_in;  ///< for each account that arrived on its own, in order
  std::size_t failed = 0;
  std::string first_failure;      ///< its line
  std::vector<std::string> said;  ///< lines on stderr
  int status = -1;
  /// The longest time without a token between its first and its last.
  seconds longest_gap() const;
  seconds longest_gap(seconds from, seconds until) const;
};

struct shared_result {
  std::vector<part_result> parts;
  sandbox::server_stats server;
  seconds wall{};
  bool in_time = true;
  std::size_t minted() const;
  std::size_t failed() const;
  /// Tokens a second that all of them minted between two points in time.
  double rate(seconds from, seconds until) const;

  // The state of the store at the end, if there was one.
  std::vector<std::string> keys;
  std::int64_t shortest_life_ms = 0;  ///< of any key; below 0: a key has no time to live
  std::int64_t largest_bytes = 0;
  std::uint64_t commands = 0;  ///< scripts evaluated, since it last started
  bool key_is_seen = false;    ///< the API key appears in the store's data or commands
};

/// When the last of `requests` could be admitted, if each comes as early as the quota allows.
seconds best_wall(const sandbox::rate_limit&, std::size_t requests);

/// Processes of the command, a sandbox in this process, and a store for them.
class shared_processes {
 public:
  /// Runs everything to its end. Throws if something can't be started.
  static shared_result run(const std::string& program, const shared_setup&);

  test::redis_server& store() { return *store_; }
  sandbox::server& api() { return api_; }
  void kill(std::size_t part);

 private:
  struct child;

  shared_processes(const std::string& program, const shared_setup&);
  ~shared_processes();
  void start(const std::string& program);
  void play();
  shared_result end();
  void ask_store(shared_result&);
  std::chrono::milliseconds since_start() const;

  const shared_setup& setup_;
  std::optional<test::redis_server> store_;
  sandbox::server api_;
  std::string authority_file_;
  std::chrono::steady_clock::time_point began_;
  std::vector<std::unique_ptr<child>> children_;
};

}  // namespace ephemint::bench

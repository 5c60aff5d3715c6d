#include "quota/shared_processes.hpp"

#include "common/child_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <thread>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr std::string_view api_key =
    "shared_quota_key";  // not one of the sandbox's own, which begin with TEST_

sandbox::server_options options_of(const shared_setup& setup) {
  sandbox::server_options o;
  o.api_key = api_key;
  o.limit = setup.limit;
  o.faults = setup.faults;
  return o;
}

std::string rate_text(const sandbox::rate_limit& l) {
  return fmt::format("{}/{}ms", l.requests, l.window.count());
}

bool begins_with(std::string_view text, std::string_view head) { return text.substr(0, head.size()) == head; }

}  // namespace

/// A process, with the threads that write its input and read its output.
struct shared_processes::child {
  child(const command& c, steady::time_point start) : process{c}, began{start} {}
  ~child() {
    stop_feeding = true;
    if (feeder.joinable()) feeder.join();
    if (reader.joinable()) reader.join();
  }

  void feed(std::size_t index, const shared_part& part) {
    feeder = std::thread{[this, index, part] {
      try {
        for (std::size_t i = 0; i < part.accounts && !stop_feeding; ++i) {
          const auto due = began + static_cast<int>(i) * part.every;
          while (steady::now() < due && !stop_feeding)
            std::this_thread::sleep_for(std::min<steady::duration>(due - steady::now(), 20ms));
          if (part.every > 0ms) written.push_back(seconds{steady::now() - began});
          process.write(fmt::format("se-{}-{}\n", index, i));
        }
        process.end_input();
      } catch (const std::exception&) {
        // It has ended, and reads no more.
      }
    }};
  }

  void read() {
    reader = std::thread{[this] {
      while (const auto line = process.read_line(10min)) note(*line, seconds{steady::now() - began});
    }};
  }

  void note(const std::string& line, seconds at) {
    if (!begins_with(line, "{")) return result.said.push_back(line);
    if (line.find("\"ok\":true") != line.npos) {
      result.minted_at.push_back(at);
      answered.push_back(at);
    } else {
      if (result.failed++ == 0) result.first_failure = line;
    }
  }

  child_process process;
  steady::time_point began;
  part_result result;
  std::vector<seconds> written;
  std::vector<seconds> answered;
  std::thread feeder;
  std::thread reader;
  std::atomic<bool> stop_feeding = false;
};

seconds part_result::longest_gap() const {
  return minted_at.empty() ? seconds{} : longest_gap(minted_at.front(), minted_at.back());
}

seconds part_result::longest_gap(seconds from, seconds until) const {
  seconds longest{};
  seconds last = from;
  for (const seconds at : minted_at) {
    if (at < from) continue;
    longest = std::max(longest, std::min(at, until) - last);
    if (at >= until) return longest;
    last = at;
  }
  return longest;
}

std::size_t shared_result::minted() const {
  std::size_t sum = 0;
  for (const part_result& p : parts) sum += p.minted_at.size();
  return sum;
}

std::size_t shared_result::failed() const {
  std::size_t sum = 0;
  for (const part_result& p : parts) sum += p.failed;
  return sum;
}

double shared_result::rate(seconds from, seconds until) const {
  std::ptrdiff_t sum = 0;
  for (const part_result& p : parts)
    sum += std::count_if(p.minted_at.begin(), p.minted_at.end(),
                         [&](seconds at) { return at >= from && at < until; });
  return static_cast<double>(sum) / (until - from).count();
}

seconds best_wall(const sandbox::rate_limit& limit, std::size_t requests) {
  const auto n = static_cast<double>(limit.requests);
  const double window = seconds{limit.window}.count();
  const auto wanted = static_cast<double>(requests);
  if (limit.kind == sandbox::limiter_kind::token_bucket) {
    const double burst = limit.burst == 0 ? n : static_cast<double>(limit.burst);
    return seconds{std::max(0.0, wanted - burst) / n * window};
  }
  return seconds{std::max(0.0, std::ceil(wanted / n) - 1) * window};
}

shared_processes::shared_processes(const std::string& program, const shared_setup& setup)
    : setup_{setup}, api_{options_of(setup)} {
  if (setup.store_is_there) store_.emplace();
  authority_file_ =
      (std::filesystem::temp_directory_path() / fmt::format("ephemint-shared-{}.pem", api_.port())).string();
  api_.write_ca_file(authority_file_);
  start(program);
}

shared_processes::~shared_processes() {
  for (const auto& c : children_) c->process.signal(SIGKILL);
  children_.clear();
  std::filesystem::remove(authority_file_);
}

void shared_processes::start(const std::string& program) {
  ::setenv("EPHEMINT_API_KEY", std::string{api_key}.c_str(), 1);
  ::setenv("EPHEMINT_BASE_URL", api_.base_url().c_str(), 1);
  // The reserved port, on which nothing listens.
  const std::string store = store_ ? store_->url() : "redis://127.0.0.1:1";
  began_ = steady::now();
  for (std::size_t i = 0; i < setup_.parts.size(); ++i) {
    const shared_part& part = setup_.parts[i];
    command c;
    c.arguments = {program,         "mint",
                   "--format",      "json",
                   "--accounts",    "-",
                   "--ca-file",     authority_file_,
                   "--rate",        rate_text(setup_.limit),
                   "--quota-store", store};
    c.arguments.insert(c.arguments.end(), part.told.begin(), part.told.end());
    c.in = command::input::piped;
    c.out = command::output::piped;
    c.err = command::error_output::with_output;
    children_.push_back(std::make_unique<child>(c, began_));
  }
  for (std::size_t i = 0; i < children_.size(); ++i) {
    children_[i]->feed(i, setup_.parts[i]);
    children_[i]->read();
  }
}

std::chrono::milliseconds shared_processes::since_start() const {
  return std::chrono::floor<std::chrono::milliseconds>(steady::now() - began_);
}

void shared_processes::play() {
  for (const happening& h : setup_.happenings) {
    while (since_start() < h.at) std::this_thread::sleep_for(std::min(20ms, h.at - since_start()));
    h.what(*this);
  }
}

void shared_processes::kill(std::size_t part) { children_[part]->process.signal(SIGKILL); }

shared_result shared_processes::end() {
  shared_result r;
  for (const auto& c : children_) {
    const auto left = std::max(0ms, setup_.patience - since_start());
    if (!c->process.ended(left)) {
      r.in_time = false;
      c->process.signal(SIGTERM);
      if (!c->process.ended(5s)) c->process.signal(SIGKILL);
    }
  }
  r.wall = seconds{steady::now() - began_};
  for (const auto& c : children_) {
    c->stop_feeding = true;
    c->feeder.join();
    c->reader.join();
    c->result.status = c->process.wait().status;
    const std::size_t pairs = std::min(c->written.size(), c->answered.size());
    for (std::size_t i = 0; i < pairs; ++i) c->result.answered_in.push_back(c->answered[i] - c->written[i]);
    r.parts.push_back(c->result);
  }
  children_.clear();
  r.server = api_.stats();
  if (store_) ask_store(r);
  return r;
}

void shared_processes::ask_store(shared_result& r) {
  const auto scan = store_->ask({"KEYS", "*"});
  if (!scan.elements.empty()) r.shortest_life_ms = std::numeric_limits<std::int64_t>::max();
  for (const auto& key : scan.elements) {
    r.keys.push_back(key.text);
    r.shortest_life_ms = std::min(r.shortest_life_ms, store_->ask({"PTTL", key.text}).integer);
    r.largest_bytes =
        std::max(r.largest_bytes, store_->ask({"MEMORY", "USAGE", key.text, "SAMPLES", "0"}).integer);
    for (const auto& field : store_->ask({"HGETALL", key.text}).elements)
      r.key_is_seen = r.key_is_seen || field.text.find(api_key) != field.text.npos;
    r.key_is_seen = r.key_is_seen || key.text.find(api_key) != key.text.npos;
  }
  const std::string stats = store_->ask_text({"INFO", "commandstats"});
  for (const std::string_view name : {"cmdstat_evalsha:calls=", "cmdstat_eval:calls="})
    if (const auto at = stats.find(name); at != stats.npos)
      r.commands += std::strtoull(stats.c_str() + at + name.size(), nullptr, 10);
}

shared_result shared_processes::run(const std::string& program, const shared_setup& setup) {
  shared_processes all{program, setup};
  all.play();
  return all.end();
}

}  // namespace ephemint::bench

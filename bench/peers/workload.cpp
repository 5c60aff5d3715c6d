#include "workload.hpp"

#include <algorithm>

namespace ephemint::bench {

workload::workload(std::uint64_t mints, double rate) : mints_{mints}, interval_{rate > 0 ? 1 / rate : 0} {
  latencies_.reserve(mints);  // nothing of ours allocates while it runs
}

std::optional<ticket> workload::next() {
  if (taken_ == mints_) return std::nullopt;
  const auto now = clock::now();
  if (taken_ == 0) begin_ = now;
  const auto number = taken_++;
  if (interval_.count() == 0) return ticket{number, now};
  return ticket{
      number, begin_ + std::chrono::duration_cast<clock::duration>(static_cast<double>(number) * interval_)};
}

void workload::minted(const ticket& done) {
  end_ = clock::now();
  latencies_.push_back(end_ - done.due);
}

void workload::failed(const ticket&, std::string_view why) {
  end_ = clock::now();
  if (++failures_ == 1) first_failure_ = why;
}

std::vector<double> workload::latencies() const {
  std::vector<double> sorted;
  sorted.reserve(latencies_.size());
  for (const auto latency : latencies_)
    sorted.push_back(std::chrono::duration<double, std::micro>{latency}.count());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

const std::string& account_of(const ticket& mint) {
  static const std::vector<std::string> accounts = [] {
    std::vector<std::string> all;
    for (int i = 0; i < 1000; ++i) all.push_back("se-" + std::to_string(100'000 + i));
    return all;
  }();
  return accounts[mint.number % accounts.size()];
}

}  // namespace ephemint::bench

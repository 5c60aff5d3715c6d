// Any calls of a governor, as clients make them, and any answers of a server: never more requests than a
// declared quota in any window, none in a pause, and no client is told to ask again at once. The quota may
// also be learned, or unlimited.
//
// Input: decisions, two bytes each.

#include "fuzz/bytes.hpp"

#include <ephemint/rate_governor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace ephemint;
using namespace std::chrono_literals;
using fuzz::require;

class calls {
 public:
  explicit calls(fuzz::decisions from) : from_{from} {
    const std::uint64_t requests = 1 + from_.below(12);
    const auto window = 100ms * (1 + from_.below(40));
    const std::uint64_t kind = from_.below(12);
    if (kind % 4 == 0) scope_ = quota_scope::per_account;
    quota_ = kind / 4 == 1   ? quota::automatic(requests, window)
             : kind / 4 == 2 ? quota::unlimited()
                             : quota::declared(requests, window);
    governor_ = make_rate_governor(quota_, scope_, 7);
    for (auto& client : clients_) client = governor_->join();
  }

  void run() {
    while (from_.left()) step();
    for (const out& each : out_) governor_->give_back(now_, each.id);
  }

 private:
  struct out {
    permit id;
    std::string account;
    clock::time_point sent_at;
  };
  /// What a count has seen.
  struct count {
    std::deque<clock::time_point> sent;
    clock::time_point paused_until{};
  };

  void step() {
    switch (from_.below(8)) {
      case 0:
        now_ += 1ms * from_.below(4) * from_.below(2'000);
        break;
      case 1:
        now_ += 1us * from_.below(50'000);
        break;
      case 2:
        come_back();
        break;
      case 3:
        rejoin();
        break;
      default:
        ask();
    }
  }

  bool is_declared() const { return quota_.how() == quota::mode::declared; }

  count& count_of(const std::string& account) {
    return counts_[scope_ == quota_scope::per_account ? account : std::string{}];
  }

  void ask() {
    const std::string account(1, static_cast<char>('a' + from_.below(3)));
    const permit_request asked{.urgency = from_.one_in(2) ? priority::background : priority::interactive,
                               .account = account,
                               .client = clients_[from_.below(clients_.size())],
                               .could_leave = 1 + from_.below(9)};
    const auto estimated = governor_->estimate(now_, asked, 0);
    require(governor_->estimate(now_, asked, 5) >= estimated);
    const admission answer = governor_->try_acquire(now_, asked);
    if (answer.what != admission::verdict::granted) return require(answer.not_before > now_);
    count& seen = count_of(account);
    require(estimated <= now_ && now_ >= seen.paused_until);
    if (from_.one_in(8)) return governor_->give_back(now_, answer.granted_permit);
    send(seen);
    out_.push_back({answer.granted_permit, account, now_});
  }

  void send(count& seen) {
    while (!seen.sent.empty() && now_ - seen.sent.front() >= quota_.window()) seen.sent.pop_front();
    seen.sent.push_back(now_);
    require(!is_declared() || seen.sent.size() <= quota_.requests());
  }

  void come_back() {
    if (out_.empty()) return;
    const auto at = out_.begin() + static_cast<std::ptrdiff_t>(from_.below(out_.size()));
    const out back = std::exchange(*at, out_.back());
    out_.pop_back();
    permit_reply reply{.use = permit_use::admitted, .account = back.account, .sent_at = back.sent_at};
    if (from_.one_in(4)) reply.use = permit_use::unknown;
    if (from_.one_in(4)) {
      reply.use = permit_use::rate_limited;
      if (from_.one_in(2)) reply.retry_after = 100ms * from_.below(50);
    }
    count& seen = count_of(back.account);
    if (reply.retry_after) seen.paused_until = std::max(seen.paused_until, now_ + *reply.retry_after);
    governor_->on_reply(now_, back.id, reply);
    const quota_state known = governor_->state(now_);
    require(!known.in_force || !is_declared() || known.in_force->requests() <= quota_.requests());
    require(!known.in_force || known.in_force->how() == quota::mode::unlimited ||
            known.in_force->requests() != 0);
  }

  void rejoin() {
    auto& client = clients_[from_.below(clients_.size())];
    governor_->leave(client);
    client = governor_->join();
  }

  fuzz::decisions from_;
  quota quota_ = quota::unlimited();
  quota_scope scope_ = quota_scope::per_api_key;
  std::shared_ptr<rate_governor> governor_;
  std::vector<std::uint32_t> clients_ = std::vector<std::uint32_t>(3);
  std::vector<out> out_;
  std::map<std::string, count> counts_;
  clock::time_point now_{100s};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  calls{{data, size}}.run();
  return 0;
}

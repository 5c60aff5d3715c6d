// Any answers of a store, at any times: a member of a shared quota uses no more permits than it was given,
// has one command under way at a time, and its commands can be written.
//
// Input: decisions, two bytes each.

#include "codec/script_text.hpp"
#include "core/lease_book.hpp"
#include "fuzz/bytes.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace ephemint;
using namespace ephemint::redis;
using namespace std::chrono_literals;
using fuzz::require;

class member {
 public:
  explicit member(fuzz::decisions from)
      : from_{from},
        terms_{.rate = quota::declared(1 + from_.below(40), 100ms * (1 + from_.below(40))),
               .share_if_lost = static_cast<double>(from_.below(4)),
               .stop_if_lost = from_.one_in(4),
               .standing = !from_.one_in(3)},
        book_{terms_, 7} {}

  void run() {
    while (from_.left()) {
      step();
      require(!book_.out() || book_.due(now_) == core::never);
      const quota_state known = book_.state(now_);
      require(!known.in_force || known.in_force->requests() >= 1);
    }
    for (const auto& each : out_) book_.give_back(now_, each.permit);
  }

 private:
  struct out {
    core::outstanding_permit permit;
    bool of_store;  ///< and not of what is ours while it is away
  };

  void step() {
    switch (from_.below(12)) {
      case 0:
        now_ += 1ms * from_.below(4) * from_.below(2'000);
        break;
      case 1:
        now_ = std::max(now_, std::min(book_.due(now_), now_ + 20s));
        break;
      case 2:
      case 3:
        ask();
        break;
      case 4:
        come_back();
        break;
      case 5:
      case 6:
        speak();
        break;
      case 7:
      case 8:
        if (book_.out()) hear();
        break;
      case 9:
        if (book_.out()) book_.on_failure(now_);
        break;
      case 10:
        from_.one_in(2) ? book_.on_store_back(now_) : book_.expect_askers();
        break;
      default:
        if (from_.one_in(20)) book_.leave_store(now_);
    }
  }

  void ask() {
    const priority urgency = from_.one_in(2) ? priority::background : priority::interactive;
    const auto client = static_cast<std::uint32_t>(from_.below(3));
    const auto later = book_.count().ask(now_, urgency, client, 1 + from_.below(9));
    if (later) return require(*later > now_);
    core::outstanding_permit taken{.urgency = urgency};
    const bool of_store = !book_.away();
    if (of_store) require(++of_store_ <= given_);
    book_.count().take(now_, client, taken);
    out_.push_back({taken, of_store});
  }

  void come_back() {
    if (out_.empty()) return;
    const auto [back, of_store] = std::exchange(out_[from_.below(out_.size())], out_.back());
    out_.pop_back();
    if (from_.one_in(4)) {
      if (of_store)
        --of_store_;
      else
        ++given_;  // it replaces one that the store has counted
      return book_.give_back(now_, back);
    }
    constexpr std::array uses{permit_use::admitted, permit_use::unknown, permit_use::rate_limited};
    const permit_use use = uses[from_.below(uses.size())];
    std::optional<core::duration> retry_after;
    if (use == permit_use::rate_limited && from_.one_in(2)) retry_after = 100ms * from_.below(50);
    book_.on_reply(now_, back, back.granted_at, use, retry_after);
  }

  void speak() {
    if (book_.due(now_) > now_) return;
    const store_call call = book_.make_call(now_, from_.one_in(2));
    require(book_.out() && call.seq != 0 && call.quota == terms_.rate.requests());
    for (const std::string& each : arguments_of(call)) require(each.size() < 4096);
  }

  std::int64_t number(std::int64_t usual) {
    constexpr std::array<std::int64_t, 6> odd{
        0, 1, -1, 1'000'000, 10'000'000'000'000'000, std::numeric_limits<std::int64_t>::min()};
    if (from_.one_in(12)) return odd[from_.below(odd.size())];
    return static_cast<std::int64_t>(from_.below(static_cast<std::uint64_t>(usual) + 1));
  }

  std::vector<store_value> answer() {
    constexpr std::array statuses{"ok",   "ok",    "ok",      "ok",     "lost",
                                  "gone", "stale", "version", "window", "full"};
    constexpr std::array modes{"open", "open", "pause", "recover", "probing", "probe"};
    std::vector<store_value> all;
    const std::string_view status = statuses[from_.below(statuses.size())];
    all.emplace_back(std::string{status});
    if (status == "version" || status == "window") return all.emplace_back(number(9)), all;
    all.emplace_back(std::string(1, static_cast<char>('a' + from_.below(3))));
    all.emplace_back(static_cast<std::int64_t>(++revision_));
    if (status == "full") all.emplace_back(number(5'000));
    if (status != "ok") return all;
    for (const std::int64_t usual : {9, 40, 40, 40, 9, 9, 3'000, 3'000}) all.emplace_back(number(usual));
    all.emplace_back(std::string{modes[from_.below(modes.size())]});
    for (const std::int64_t usual : {9, 1, 1, 9, 1, 3'000, 3'000}) all.emplace_back(number(usual));
    return all;
  }

  void hear() {
    try {
      const store_answer said = answer_of(answer());
      given_ += said.logins + said.background;
      book_.on_answer(now_, said);
    } catch (const std::runtime_error& wrong) {
      require(std::string_view{wrong.what()}.size() < 256);
      book_.on_failure(now_);
    }
  }

  fuzz::decisions from_;
  lease_terms terms_;
  lease_book book_;
  std::vector<out> out_;
  std::uint64_t given_ = 0;     ///< by the store, in all
  std::uint64_t of_store_ = 0;  ///< those taken
  std::uint64_t revision_ = 0;
  core::time_point now_{1000s};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  member{{data, size}}.run();
  return 0;
}

// Which member gets permits when many want them.
#include "support/quota_script_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::test {
namespace {

using redis::store_answer;
using redis::store_call;

class quota_script_fairness : public quota_script {
 protected:
  store_answer wants_background(const std::string& member, std::uint64_t seq, std::uint64_t count) {
    return call(member, seq, [count](store_call& c) { c.want_background = count; });
  }
  void fill() { used("filler", 1, 100); }
};

TEST_F(quota_script_fairness, a_login_of_any_machine_goes_before_a_batch_of_another) {
  used("filler", 1, 97);
  EXPECT_EQ(wants_logins("a", 1, 5).logins, 1u);  // the last tenth is spread
  pass(100);
  // Two are free, and logins wait for more than that.
  EXPECT_EQ(wants_background("b", 1, 5).background, 0u);
}

TEST_F(quota_script_fairness, who_waits_is_told_when_its_permit_leaves_the_window) {
  call("filler", 1, [](store_call& c) {
    c.uses = {{milliseconds{9000}, 1}, {milliseconds{5000}, 1}, {milliseconds{10}, 98}};
  });
  EXPECT_NEAR(static_cast<double>(wants_logins("a", 1, 1).ask_again->count()), 1000, 13);
  pass(1);
  EXPECT_NEAR(static_cast<double>(wants_logins("b", 1, 1).ask_again->count()), 5000, 13);
  pass(1);
  EXPECT_NEAR(static_cast<double>(wants_logins("c", 1, 1).ask_again->count()), 9990, 13);
}

TEST_F(quota_script_fairness, a_line_is_served_in_the_order_in_which_it_began) {
  fill();
  for (const std::string member : {"a", "b", "c"}) {
    pass(5);
    wants_logins(member, 1, 1);
  }
  pass(10'020 - 15);
  // All come when theirs is there, the last one first.
  EXPECT_EQ(wants_logins("c", 2, 50).logins, 33u);  // its part, less the two before it at the most
  EXPECT_GE(wants_logins("a", 2, 1).logins, 1u);
  EXPECT_GE(wants_logins("b", 2, 1).logins, 1u);
}

TEST_F(quota_script_fairness, two_that_began_in_the_same_millisecond_do_not_wait_for_each_other) {
  fill();
  wants_logins("a", 1, 1);
  wants_logins("b", 1, 1);
  wants_background("c", 1, 1);
  wants_background("d", 1, 1);
  pass(10'020);
  EXPECT_EQ(wants_logins("a", 2, 1).logins, 1u);
  EXPECT_EQ(wants_logins("b", 2, 1).logins, 1u);
  EXPECT_EQ(wants_background("c", 2, 1).background, 1u);
  pass(100);
  EXPECT_EQ(wants_background("d", 2, 1).background, 1u);
}

TEST_F(quota_script_fairness, who_stays_away_from_its_turn_holds_nobody_up_and_keeps_its_place) {
  fill();
  wants_logins("dead", 1, 1);
  const auto told = wants_logins("a", 1, 1).ask_again->count();
  wants_logins("b", 1, 1);
  pass(told + 301);  // behind the grace, and what it takes to be noticed
  EXPECT_EQ(wants_logins("b", 2, 1).logins, 1u);
  EXPECT_EQ(field("logins_line"), "");
  EXPECT_EQ(wants_logins("a", 2, 1).logins, 1u);
}

TEST_F(quota_script_fairness, spare_permits_shrink_with_what_is_left) {
  const auto spare = [this](const std::string& member) {
    return call(member, 1, [](store_call& c) { c.want_spare = 30; }).logins;
  };
  EXPECT_EQ(spare("a"), 30u);
  EXPECT_EQ(spare("b"), 17u);  // 70 / 4
  EXPECT_EQ(spare("c"), 8u);   // 53 / 6
}

TEST_F(quota_script_fairness, a_batch_is_given_an_even_flow_and_hoards_nothing) {
  std::uint64_t seq = 0, given = 0, most = 0;
  for (std::int64_t end = now_ + 5000; now_ < end; pass(20)) {
    const std::uint64_t now_given = call("a", ++seq, [&](store_call& c) {
                                      c.confirmed = given;
                                      c.want_background = 1000;
                                    }).background;
    given += now_given;
    most = std::max(most, now_given);
    call("a", ++seq, [&](store_call& c) {
      c.confirmed = given - now_given;
      c.uses = {{milliseconds{0}, now_given}};
    });
  }
  EXPECT_NEAR(static_cast<double>(given), 51, 2);
  EXPECT_LE(most, 2u);
}

/// Members that always want, and use what they are given at once.
class crowd {
 public:
  struct one {
    std::uint64_t seq = 0, confirmed = 0, unreported = 0, given = 0;
    std::int64_t asks_at = 0;
  };
  crowd(std::size_t count, std::int64_t now) {
    for (std::size_t i = 0; i < count; ++i)
      members.emplace_back("m" + std::to_string(i), one{.asks_at = now + static_cast<std::int64_t>(i % 7)});
  }
  std::pair<std::string, one>& next() {
    return *std::min_element(members.begin(), members.end(), [](const auto& a, const auto& b) {
      return a.second.asks_at < b.second.asks_at;
    });
  }
  std::vector<std::pair<std::string, one>> members;
};

TEST_F(quota_script_fairness, no_machine_starves_another_and_none_is_over_the_quota) {
  for (const bool logins : {true, false}) {
    SCOPED_TRACE(logins);
    store_->forget(key_);
    crowd all{20, now_};
    std::vector<std::int64_t> sent;
    const std::int64_t end = now_ + 60'000;
    for (;;) {
      auto& [name, m] = all.next();
      now_ = std::max(now_, m.asks_at);
      if (now_ >= end) break;
      const store_answer answer = call(name, ++m.seq, [&, &of = m](store_call& c) {
        c.confirmed = of.confirmed;
        if (of.unreported > 0) c.uses = {{milliseconds{0}, of.unreported}};
        (logins ? c.want_logins : c.want_background) = 10;
      });
      ASSERT_EQ(answer.what, status::ok);
      m.confirmed += std::exchange(m.unreported, answer.logins + answer.background);
      m.given += m.unreported;
      sent.insert(sent.end(), m.unreported, now_);
      const std::int64_t ask = answer.ask_again ? answer.ask_again->count() : 1;
      m.asks_at = now_ + std::min<std::int64_t>(m.unreported > 0 ? 40 : 2500, std::max<std::int64_t>(1, ask));
    }
    std::uint64_t least = ~0u, most = 0, total = 0;
    for (const auto& [name, m] : all.members) {
      least = std::min(least, m.given);
      most = std::max(most, m.given);
      total += m.given;
    }
    // If logins come at once, the machine that asks first gets most; a batch's flow is even.
    EXPECT_LE(most, logins ? 5 * least : least + 3) << "the fewest " << least << ", the most " << most;
    EXPECT_GE(total, 540u);
    for (std::size_t i = 100; i < sent.size(); ++i) ASSERT_GE(sent[i] - sent[i - 100], 10'000) << i;
  }
}

}  // namespace
}  // namespace ephemint::test

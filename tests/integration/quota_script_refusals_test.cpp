// What members tell each other about refusals: the pause and its probe, the learned limit, the key.
#include "support/quota_script_fixture.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace ephemint::test {
namespace {

using redis::store_answer;
using redis::store_call;
using key_word = store_call::key_word;

class quota_script_refusals : public quota_script {
 protected:
  store_answer refused(const std::string& member, std::uint64_t seq, std::int64_t retry_after,
                       std::optional<milliseconds> grant_age = {}) {
    return call(member, seq, [&](store_call& c) {
      c.retry_after = milliseconds{retry_after};
      c.refused_grant_age = grant_age;
    });
  }
  store_answer proposes(const std::string& member, std::uint64_t seq, double limit, std::uint64_t seen) {
    return call(member, seq, [&](store_call& c) {
      c.learned = limit;
      c.learned_seen = seen;
    });
  }
  store_answer says(const std::string& member, std::uint64_t seq, key_word word, std::uint64_t seen,
                    bool probe = false, const std::string& tag = "0123456789abcdef") {
    return call(member, seq, [&](store_call& c) {
      c.key_tag = tag;
      c.key = word;
      c.key_seen = seen;
      c.key_probe = probe;
    });
  }
};

TEST_F(quota_script_refusals, a_pause_is_everybodys_and_one_probe_ends_it) {
  call("b", 1);
  EXPECT_EQ(refused("a", 1, 2000).pause_left.count(), 2000);
  pass(500);
  const store_answer paused = wants_logins("b", 2, 1);
  EXPECT_EQ(paused.now, mode::pause);
  EXPECT_EQ(paused.logins, 0u);
  EXPECT_EQ(paused.pause_left.count(), 1500);
  EXPECT_EQ(paused.ask_again->count(), 1501);

  pass(1500);
  const store_answer probe = wants_logins("b", 3, 5);
  EXPECT_EQ(probe.now, mode::probe);
  EXPECT_EQ(probe.logins, 1u);
  const store_answer other = wants_logins("a", 2, 1);
  EXPECT_EQ(other.now, mode::probing);
  EXPECT_EQ(other.logins, 0u);

  call("b", 4, [](store_call& c) {
    c.uses = {{milliseconds{0}, 1}};
    c.probe_succeeded = true;
  });
  EXPECT_EQ(wants_logins("a", 3, 1).logins, 1u);
}

TEST_F(quota_script_refusals, an_undone_probe_is_anothers_at_once_and_a_dead_ones_after_3_s) {
  refused("a", 1, 0);
  EXPECT_EQ(wants_logins("a", 2, 1).now, mode::probe);
  call("a", 3, [](store_call& c) { c.probe_undone = true; });
  EXPECT_EQ(wants_logins("b", 1, 1).now, mode::probe);
  pass(2999);
  EXPECT_EQ(wants_logins("a", 4, 1).now, mode::probing);
  pass(1);
  EXPECT_EQ(wants_logins("a", 5, 1).now, mode::probe);
}

TEST_F(quota_script_refusals, an_echo_lengthens_the_pause_and_does_not_restart_the_probe) {
  pass(1000);
  refused("a", 1, 1000, milliseconds{50});
  pass(100);
  // Its permit is older than the pause.
  EXPECT_EQ(refused("b", 1, 3000, milliseconds{150}).pause_left.count(), 3000);
  EXPECT_EQ(refused("b", 2, 100, milliseconds{150}).pause_left.count(), 3000);
  pass(3000);
  EXPECT_EQ(wants_logins("a", 2, 1).now, mode::probe);
  pass(10);
  refused("c", 1, 0, milliseconds{5000});
  EXPECT_EQ(wants_logins("a", 3, 1).now, mode::probing);  // as before
  // The probe's own refusal is news.
  EXPECT_EQ(refused("a", 4, 2000, milliseconds{10}).pause_left.count(), 2000);
  pass(2000);
  EXPECT_EQ(wants_logins("b", 3, 1).now, mode::probe);
  call("b", 4, [](store_call& c) { c.probe_succeeded = true; });
  // A late refusal, of a request from before, has no effect.
  EXPECT_EQ(refused("c", 2, 2000, milliseconds{4000}).pause_left.count(), 0);
  EXPECT_EQ(wants_logins("c", 3, 1).logins, 1u);
}

TEST_F(quota_script_refusals, no_header_pauses_for_more_than_5_minutes) {
  EXPECT_EQ(refused("a", 1, 1'000'000'000).pause_left.count(), 300'000);
}

TEST_F(quota_script_refusals, a_limit_is_learned_once_and_told_to_all) {
  EXPECT_EQ(call("b", 1).limit, 100);
  const store_answer first = proposes("a", 1, 80.5, 0);
  EXPECT_EQ(first.limit, 80);
  EXPECT_EQ(first.learned_revision, 1u);
  // A member that had the same refusal, and didn't know of that.
  EXPECT_EQ(proposes("b", 2, 70, 0).limit, 80);
  EXPECT_EQ(call("c", 1).learned_revision, 1u);
  EXPECT_EQ(proposes("b", 3, 70, 1).limit, 70);
  EXPECT_EQ(call("a", 2).limit, 70);
}

TEST_F(quota_script_refusals, the_first_alone_lets_it_grow_and_never_beyond_the_quota) {
  EXPECT_TRUE(call("m1", 1).grows);
  EXPECT_FALSE(call("m2", 1).grows);
  EXPECT_TRUE(call("m0", 1).grows);
  EXPECT_FALSE(call("m1", 2).grows);
  proposes("m2", 2, 50, 0);
  EXPECT_EQ(proposes("m2", 3, 60, 1).limit, 50);
  EXPECT_EQ(proposes("m0", 2, 50.4, 1).learned_revision, 2u);  // less than a permit isn't lost
  EXPECT_EQ(proposes("m0", 3, 51, 2).limit, 51);
  const store_answer all = proposes("m0", 4, 1e300, 3);
  EXPECT_EQ(all.limit, 100);
  EXPECT_EQ(all.learned_revision, 4u);
  EXPECT_EQ(field("learned"), "");  // nothing is left to learn
  EXPECT_EQ(proposes("m0", 5, 0, 4).limit, 1);
  // When the first has left, the next one is.
  call("m0", 6, [](store_call& c) { c.bye = true; });
  EXPECT_TRUE(call("m1", 3).grows);
}

TEST_F(quota_script_refusals, nonsense_is_no_limit) {
  EXPECT_EQ(proposes("a", 1, -5, 0).learned_revision, 0u);
  EXPECT_EQ(proposes("a", 2, std::numeric_limits<double>::quiet_NaN(), 0).learned_revision, 0u);
  EXPECT_EQ(proposes("a", 3, std::numeric_limits<double>::infinity(), 0).limit, 100);
}

TEST_F(quota_script_refusals, a_refused_key_is_tried_by_one_at_a_time) {
  EXPECT_FALSE(says("b", 1, key_word::nothing, 0, true).key_refused);
  store_answer a = says("a", 1, key_word::refused, 0);
  EXPECT_TRUE(a.key_refused);
  EXPECT_EQ(a.key_revision, 1u);
  EXPECT_EQ(a.key_retry.count(), 1000);
  // Another that heard a refusal too, of the same time.
  EXPECT_EQ(says("b", 2, key_word::refused, 0).key_revision, 1u);
  pass(999);
  EXPECT_FALSE(says("b", 3, key_word::nothing, 1, true).key_probe);
  pass(1);
  store_answer b = says("b", 4, key_word::nothing, 1, true);
  EXPECT_TRUE(b.key_probe);
  EXPECT_EQ(b.key_refused_for.count(), 1000);
  a = says("a", 2, key_word::nothing, 1, true);
  EXPECT_FALSE(a.key_probe);
  EXPECT_EQ(a.key_retry.count(), 3000);

  b = says("b", 5, key_word::refused, 1);
  EXPECT_EQ(b.key_revision, 2u);
  pass(1000);
  EXPECT_TRUE(says("a", 3, key_word::nothing, 2, true).key_probe);
  says("a", 4, key_word::undone, 2);
  EXPECT_TRUE(says("b", 6, key_word::nothing, 2, true).key_probe);
  pass(3000);  // b has died
  EXPECT_TRUE(says("a", 5, key_word::nothing, 2, true).key_probe);
  const store_answer open = says("a", 6, key_word::minted, 2);
  EXPECT_FALSE(open.key_refused);
  EXPECT_EQ(open.key_revision, 3u);
  EXPECT_FALSE(says("c", 1, key_word::nothing, 0).key_refused);
  // A refusal from before the gate opened is old.
  EXPECT_FALSE(says("b", 7, key_word::refused, 2).key_refused);
}

TEST_F(quota_script_refusals, a_key_that_is_refused_again_and_again_is_tried_each_5_s) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(says("a", 1 + i, key_word::refused, i).key_retry.count(), i < 3 ? 1000 : 5000);
    pass(5000);
  }
}

TEST_F(quota_script_refusals, who_uses_another_key_is_not_concerned) {
  says("a", 1, key_word::refused, 0, false, "aaaa");
  EXPECT_FALSE(says("b", 1, key_word::nothing, 0, false, "bbbb").key_refused);
  says("b", 2, key_word::refused, 0, false, "bbbb");
  EXPECT_TRUE(says("a", 2, key_word::nothing, 1, false, "aaaa").key_refused);
  says("b", 3, key_word::minted, 1, false, "bbbb");
  EXPECT_TRUE(says("a", 3, key_word::nothing, 1, false, "aaaa").key_refused);
  // Four are remembered: the first one is dropped.
  for (const std::string tag : {"c", "d", "e"}) says("c" + tag, 1, key_word::refused, 0, false, tag);
  EXPECT_FALSE(says("a", 4, key_word::nothing, 1, false, "aaaa").key_refused);
  EXPECT_EQ(field("keys"), "bbbb c d e");
}

}  // namespace
}  // namespace ephemint::test

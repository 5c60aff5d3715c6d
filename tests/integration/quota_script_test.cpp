// The script's counts and grants: permits are conserved, whatever is lost, repeated or late.
#include "support/quota_script_fixture.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace ephemint::test {
namespace {

using redis::dated_uses;
using redis::store_answer;
using redis::store_call;

TEST_F(quota_script, gives_no_more_than_is_free) {
  const store_answer first = wants_logins("a", 1, 60);
  EXPECT_EQ(first.what, status::ok);
  EXPECT_EQ(first.limit, 100);
  EXPECT_EQ(first.logins, 60u);
  EXPECT_EQ(first.free, 40);
  EXPECT_FALSE(first.ask_again);

  const store_answer second = wants_logins("b", 1, 60);
  EXPECT_EQ(second.members, 2u);
  EXPECT_EQ(second.logins, 40u);
  EXPECT_EQ(second.free, 0);
  EXPECT_TRUE(second.ask_again);

  EXPECT_EQ(wants_logins("c", 1, 1).logins, 0u);
}

TEST_F(quota_script, a_permit_is_free_again_a_window_after_its_use) {
  wants_logins("a", 1, 100);
  EXPECT_EQ(used("a", 2, 100).counted, 100u);
  pass(9990);
  EXPECT_EQ(wants_logins("b", 1, 1).logins, 0u);
  pass(20);  // a cell is 10 ms
  const store_answer b = wants_logins("b", 2, 100);
  EXPECT_EQ(b.logins, 100u);
  EXPECT_EQ(b.counted, 0u);
}

TEST_F(quota_script, uses_are_dated_by_their_age) {
  call("a", 1, [](store_call& c) {
    c.uses = {{milliseconds{9000}, 30}, {milliseconds{4000}, 20}, {milliseconds{10'010}, 7}};
  });
  EXPECT_EQ(call("a", 2).counted, 50u);
  pass(1020);
  EXPECT_EQ(call("a", 3).counted, 20u);
  pass(5000);
  EXPECT_EQ(call("a", 4).counted, 0u);
}

TEST_F(quota_script, a_report_that_is_sent_again_counts_once) {
  used("a", 1, 5);
  // The reply was lost: the same five, and two more.
  EXPECT_EQ(call("a", 2,
                 [](store_call& c) {
                   c.uses = {{milliseconds{90}, 5}, {milliseconds{0}, 2}};
                 })
                .counted,
            7u);
  // That reply arrived, so the seven are confirmed.
  EXPECT_EQ(used("a", 3, 1, 7).counted, 8u);
}

TEST_F(quota_script, the_permits_of_a_lost_reply_are_free_again_with_the_next_command) {
  EXPECT_EQ(wants_logins("a", 1, 80).logins, 80u);
  EXPECT_EQ(call("b", 1).free, 20);
  EXPECT_EQ(call("a", 2).free, 100);  // it never heard of them, and so holds nothing
}

TEST_F(quota_script, an_old_copy_of_a_command_changes_nothing) {
  wants_logins("a", 5, 3);
  const store_answer unknown = wants_logins("b", 2, 3);
  EXPECT_EQ(unknown.what, status::gone);  // its first was never seen

  wants_logins("a", 1, 3);
  used("a", 2, 3);
  const std::map<std::string, std::string> before = store_->fields(key_);
  for (const std::uint64_t seq : {1u, 2u}) {
    EXPECT_EQ(used("a", seq, 50).what, status::stale);
    EXPECT_EQ(wants_logins("a", seq, 50).logins, 0u);
  }
  EXPECT_EQ(store_->fields(key_), before);
}

TEST_F(quota_script, what_an_overdue_member_held_counts_as_sent_at_its_expiry) {
  wants_logins("a", 1, 40);
  pass(6999);
  EXPECT_EQ(call("b", 1).free, 60);
  pass(1);
  const store_answer b = call("b", 2);
  EXPECT_EQ(b.members, 1u);
  EXPECT_EQ(b.counted, 40u);
  EXPECT_EQ(b.free, 60);
  EXPECT_EQ(call("a", 2).what, status::gone);
  pass(9980);
  EXPECT_EQ(call("b", 3).counted, 40u);
  pass(40);
  EXPECT_EQ(call("b", 4).free, 100);
}

TEST_F(quota_script, who_holds_nothing_is_forgotten_after_30_s_and_takes_nothing_along) {
  used("a", 1, 1);
  call("b", 1);
  pass(20'000);
  EXPECT_EQ(call("b", 2).members, 2u);
  pass(10'000);
  const store_answer b = call("b", 3);
  EXPECT_EQ(b.members, 1u);
  EXPECT_EQ(b.free, 100);
}

TEST_F(quota_script, who_says_bye_is_gone_and_what_it_holds_is_counted) {
  wants_logins("a", 1, 10);
  call("b", 1);
  call("a", 2, [](store_call& c) {
    c.held = 4;  // in flight
    c.uses = {{milliseconds{0}, 6}};
    c.bye = true;
    c.want_logins = 5;  // is given nothing any more
  });
  const store_answer b = call("b", 2);
  EXPECT_EQ(b.members, 1u);
  EXPECT_EQ(b.counted, 10u);
  EXPECT_EQ(b.free, 90);
  EXPECT_EQ(call("a", 3).what, status::gone);
}

TEST_F(quota_script, the_smallest_quota_of_the_living_counts) {
  const auto with = [this](const std::string& member, std::uint64_t seq, std::uint64_t quota) {
    return call(member, seq, [quota](store_call& c) { c.quota = quota; });
  };
  EXPECT_EQ(with("a", 1, 100).limit, 100);
  EXPECT_EQ(with("b", 1, 30).limit, 30);
  EXPECT_EQ(with("a", 2, 100).limit, 30);
  with("b", 2, 60);  // it raises its own
  EXPECT_EQ(with("a", 3, 100).limit, 60);
  pass(20'000);
  with("a", 4, 100);
  pass(10'001);  // b has died
  EXPECT_EQ(with("a", 5, 100).limit, 100);
}

TEST_F(quota_script, what_a_member_has_counts_whole_while_anothers_smaller_quota_is_in_force) {
  const auto with_less = [this](std::uint64_t seq, bool bye) {
    return call("b", seq, [bye](store_call& c) {
      c.quota = 30;
      c.bye = bye;
    });
  };
  wants_logins("a", 1, 60);
  EXPECT_EQ(with_less(1, false).free, -30);
  call("a", 2, [](store_call& c) {
    c.held = 10;
    c.uses = {{milliseconds{0}, 50}};
  });
  with_less(2, true);
  const store_answer c = call("c", 1);
  EXPECT_EQ(c.limit, 100);
  EXPECT_EQ(c.counted, 50u);
  EXPECT_EQ(c.free, 40);
}

TEST_F(quota_script, a_member_of_a_state_that_was_lost_is_told_and_all_wait_until_all_have_reported) {
  const store_answer before = wants_logins("a", 1, 50);
  store_->forget(key_);
  const store_answer told = call("a", 2, [&](store_call& c) {
    c.epoch_seen = before.epoch;
    c.revision_seen = before.revision;
  });
  EXPECT_EQ(told.what, status::lost);
  EXPECT_NE(told.epoch, before.epoch);
  const store_answer again = call("a2", 1, [](store_call& c) {
    c.held = 50;
    c.want_logins = 5;
  });
  EXPECT_EQ(again.now, mode::recover);
  EXPECT_EQ(again.logins, 0u);
  EXPECT_EQ(again.free, 50);
  ASSERT_TRUE(again.ask_again);
  EXPECT_LE(again.ask_again->count(), 200);
  pass(1499);
  EXPECT_EQ(wants_logins("b", 1, 5).now, mode::recover);
  pass(1);
  EXPECT_EQ(wants_logins("b", 2, 5).logins, 5u);
}

TEST_F(quota_script, an_older_copy_of_the_state_is_known_by_its_revision) {
  call("a", 1);
  const std::map<std::string, std::string> older = store_->fields(key_);
  call("b", 1);
  const store_answer last = used("b", 2, 70);
  store_->set_fields(key_, older);
  const store_answer told = call("b", 3, [&](store_call& c) {
    c.epoch_seen = last.epoch;
    c.revision_seen = last.revision;
  });
  EXPECT_EQ(told.what, status::lost);
  EXPECT_NE(told.epoch, last.epoch);
  EXPECT_EQ(wants_logins("c", 1, 1).now, mode::recover);
}

TEST_F(quota_script, a_new_state_is_believed_only_in_a_server_that_runs_for_longer_than_a_window) {
  const auto first = [this](bool calm) {
    store_->forget(key_);
    return call("a", 1, [calm](store_call& c) {
      c.calm = calm;
      c.want_logins = 1;
    });
  };
  EXPECT_EQ(first(true).logins, 1u);
  EXPECT_EQ(first(false).now, mode::recover);
}

TEST_F(quota_script, who_used_its_own_share_makes_all_wait_for_the_reports_once_in_5_s) {
  const auto own = [this](std::uint64_t seq) {
    return call("a", seq,
                [](store_call& c) {
                  c.used_own_share = true;
                  c.want_logins = 1;
                })
        .now;
  };
  EXPECT_EQ(own(1), mode::recover);
  pass(1500);
  EXPECT_EQ(own(2), mode::open);
  pass(3500);
  EXPECT_EQ(own(3), mode::open);
  pass(1);
  EXPECT_EQ(own(4), mode::recover);
}

TEST_F(quota_script, a_state_of_another_version_or_window_stays_as_it_is) {
  call("a", 1);
  store_->server().ask({"HSET", key_, "v", "2"});
  std::map<std::string, std::string> before = store_->fields(key_);
  store_answer told = used("b", 1, 5);
  EXPECT_EQ(told.what, status::version);
  EXPECT_EQ(told.theirs, 2u);
  EXPECT_EQ(store_->fields(key_), before);

  store_->server().ask({"HSET", key_, "v", "1"});
  before = store_->fields(key_);
  told = call("b", 1, [](store_call& c) { c.window = milliseconds{60'000}; });
  EXPECT_EQ(told.what, status::window);
  EXPECT_EQ(told.theirs, 10'000u);
  EXPECT_EQ(store_->fields(key_), before);
}

TEST_F(quota_script, a_clock_that_steps_back_a_little_stands_still) {
  used("a", 1, 100);
  const std::int64_t latest = now_;
  pass(-1500);
  EXPECT_EQ(call("a", 2).counted, 100u);
  EXPECT_EQ(field("now"), std::to_string(latest));
  pass(1500 + 10'020);
  EXPECT_EQ(call("a", 3).counted, 0u);
}

TEST_F(quota_script, a_clock_that_steps_back_far_begins_a_new_state) {
  const store_answer before = used("a", 1, 100);
  pass(-3'600'000);
  const store_answer told = call("a", 2, [&](store_call& c) {
    c.epoch_seen = before.epoch;
    c.revision_seen = before.revision;
  });
  EXPECT_EQ(told.what, status::lost);
  EXPECT_EQ(wants_logins("b", 1, 1).now, mode::recover);
  // No member needs to know the old state for that.
  pass(-3'600'000);
  EXPECT_EQ(wants_logins("c", 1, 1).now, mode::recover);
}

TEST_F(quota_script, is_kept_for_two_windows_and_a_minute) {
  call("a", 1);
  const std::int64_t left = store_->server().ask({"PTTL", key_}).integer;
  EXPECT_GT(left, 60'000);
  EXPECT_LE(left, 80'000);
}

}  // namespace
}  // namespace ephemint::test

// The arguments that are sent to the script, and which of its replies are accepted.
#include "codec/script_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace ephemint::redis {
namespace {

using status = store_answer::status;
using mode = store_answer::mode;

std::vector<store_value> good_reply() {
  return {"ok", "e1", 7, 3, 200, 20, -4, 5, 6, 250, 0, "open", 2, 1, 1, 9, 0, 1500, 700};
}

std::string why_not(const std::vector<store_value>& values) {
  try {
    answer_of(values);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "it is one";
}

TEST(quota_script_answer, is_read) {
  const store_answer a = answer_of(good_reply());
  EXPECT_EQ(a.what, status::ok);
  EXPECT_EQ(a.epoch, "e1");
  EXPECT_EQ(a.revision, 7u);
  EXPECT_EQ(a.members, 3u);
  EXPECT_EQ(a.limit, 200);
  EXPECT_EQ(a.counted, 20u);
  EXPECT_EQ(a.free, -4);
  EXPECT_EQ(a.logins, 5u);
  EXPECT_EQ(a.background, 6u);
  EXPECT_EQ(a.ask_again, milliseconds{250});
  EXPECT_EQ(a.pause_left, milliseconds{0});
  EXPECT_EQ(a.now, mode::open);
  EXPECT_EQ(a.learned_revision, 2u);
  EXPECT_TRUE(a.grows);
  EXPECT_TRUE(a.key_refused);
  EXPECT_EQ(a.key_revision, 9u);
  EXPECT_FALSE(a.key_probe);
  EXPECT_EQ(a.key_refused_for, milliseconds{1500});
  EXPECT_EQ(a.key_retry, milliseconds{700});
}

TEST(quota_script_answer, has_words_for_each_state) {
  EXPECT_EQ(answer_of({"lost", "e", 1}).what, status::lost);
  EXPECT_EQ(answer_of({"gone", "e", 1}).what, status::gone);
  EXPECT_EQ(answer_of({"stale", "e", 1}).what, status::stale);
  EXPECT_EQ(answer_of({"full", "e", 1, 10'000}).ask_again, milliseconds{10'000});
  EXPECT_EQ(answer_of({"version", 2}).theirs, 2u);
  EXPECT_EQ(answer_of({"window", 60'000}).theirs, 60'000u);
  for (const auto& [word, expected] : {std::pair{"pause", mode::pause},
                                       {"recover", mode::recover},
                                       {"probing", mode::probing},
                                       {"probe", mode::probe}}) {
    std::vector<store_value> values = good_reply();
    values[11] = word;
    EXPECT_EQ(answer_of(values).now, expected);
  }
  std::vector<store_value> values = good_reply();
  values[9] = -1;
  EXPECT_EQ(answer_of(values).ask_again, std::nullopt);
}

TEST(quota_script_answer, of_another_length_is_refused) {
  for (std::size_t size = 0; size < good_reply().size(); ++size) {
    std::vector<store_value> values = good_reply();
    values.resize(size);
    EXPECT_EQ(why_not(values),
              "the store's answer isn't the script's: it has " + std::to_string(size) + " elements");
  }
  std::vector<store_value> longer = good_reply();
  longer.emplace_back(1);
  EXPECT_NE(why_not(longer), "it is one");
  EXPECT_NE(why_not({"gone", "e", 1, 1}), "it is one");
  EXPECT_NE(why_not({"version"}), "it is one");
}

TEST(quota_script_answer, of_another_kind_in_any_place_is_refused) {
  for (std::size_t i = 0; i < good_reply().size(); ++i) {
    std::vector<store_value> values = good_reply();
    const bool was_text = std::holds_alternative<std::string>(values[i]);
    values[i] = was_text ? store_value{std::int64_t{1}} : store_value{std::string{"1"}};
    EXPECT_EQ(why_not(values), "the store's answer isn't the script's: element " + std::to_string(i + 1) +
                                   (was_text ? " must be text" : " must be a number"));
  }
}

TEST(quota_script_answer, of_absurd_numbers_or_unknown_words_is_refused) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < good_reply().size(); ++i) {
    if (std::holds_alternative<std::string>(good_reply()[i])) continue;
    for (const std::int64_t absurd : {least, most}) {
      std::vector<store_value> values = good_reply();
      values[i] = absurd;
      EXPECT_EQ(why_not(values), "the store's answer isn't the script's: element " + std::to_string(i + 1) +
                                     " is out of range");
    }
  }
  const auto with = [](std::size_t i, const store_value& value) {
    std::vector<store_value> values = good_reply();
    values[i] = value;
    return why_not(values);
  };
  EXPECT_EQ(with(0, "OK"), "the store's answer isn't the script's: element 1 is an unknown word");
  EXPECT_EQ(with(11, "closed\nmore"), "the store's answer isn't the script's: element 12 is an unknown word");
  EXPECT_NE(with(1, ""), "it is one");
  EXPECT_NE(with(1, std::string(41, 'e')), "it is one");
  EXPECT_NE(with(1, "e e"), "it is one");
  EXPECT_NE(with(4, std::int64_t{0}), "it is one");
  EXPECT_NE(with(13, std::int64_t{2}), "it is one");
}

TEST(quota_script_arguments, are_in_the_scripts_order) {
  const store_call call{.member = "m",
                        .seq = 2,
                        .epoch_seen = "e1",
                        .revision_seen = 3,
                        .spare_epoch = "e2",
                        .quota = 200,
                        .window = milliseconds{60'000},
                        .held = 4,
                        .confirmed = 5,
                        .uses = {{milliseconds{70}, 6}, {milliseconds{8}, 9}},
                        .want_logins = 10,
                        .want_background = 11,
                        .want_spare = 12,
                        .logins_sent = 13,
                        .lease = milliseconds{7000},
                        .calm = true,
                        .used_own_share = true,
                        .bye = true,
                        .probe_succeeded = true,
                        .probe_undone = true,
                        .retry_after = milliseconds{2000},
                        .refused_grant_age = milliseconds{150},
                        .learned = 99.9999,
                        .learned_seen = 14,
                        .key_tag = "0123456789abcdef",
                        .key = store_call::key_word::refused,
                        .key_seen = 15,
                        .key_probe = true};
  const std::vector<std::string> expected{
      "m",       "2",  "e1", "3",    "e2",     "200",  "60000", "4",      "5",  "10",
      "11",      "12", "13", "7000", "cfbpuk", "2000", "150",   "100000", "14", "0123456789abcdef",
      "refused", "15", "70", "6",    "8",      "9"};
  EXPECT_EQ(arguments_of(call), expected);
}

TEST(quota_script_arguments, leave_out_what_is_not_said) {
  const std::vector<std::string> words = arguments_of(store_call{});
  ASSERT_EQ(words.size(), 22u);
  EXPECT_EQ(words[14], "");
  EXPECT_EQ(words[15], "");
  EXPECT_EQ(words[16], "");
  EXPECT_EQ(words[17], "");
  EXPECT_EQ(words[19], "");
  EXPECT_EQ(words[20], "");
}

TEST(quota_script_arguments, say_no_negative_time_and_no_limit_that_is_none) {
  store_call call;
  call.uses = {{milliseconds{-3}, 1}};
  call.retry_after = milliseconds{-1};
  call.learned = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::string> words = arguments_of(call);
  EXPECT_EQ(words[15], "0");
  EXPECT_EQ(words[17], "");
  EXPECT_EQ(words[22], "0");
  call.learned = std::numeric_limits<double>::infinity();
  EXPECT_EQ(arguments_of(call)[17], "1000000000000");
}

TEST(quota_script_arguments, take_uses_together_in_their_order_and_never_make_them_older) {
  store_call call;
  call.window = milliseconds{60'000};
  std::uint64_t total = 0;
  for (int i = 0; i < 50'000; ++i) {
    call.uses.push_back({milliseconds{50'000 - i}, 1 + static_cast<std::uint64_t>(i) % 3});
    total += call.uses.back().count;
  }
  const std::vector<dated_uses> few = uses_to_report(call);
  EXPECT_LE(few.size(), 1001u);
  std::size_t i = 0;
  std::uint64_t sum = 0;
  for (const dated_uses& entry : few) {
    std::uint64_t left = entry.count;
    for (; left > 0; ++i) {
      ASSERT_LT(i, call.uses.size());
      ASSERT_GE(call.uses[i].age, entry.age);
      ASSERT_LE(call.uses[i].age, entry.age + milliseconds{60});
      ASSERT_GE(left, call.uses[i].count);
      left -= call.uses[i].count;
    }
    sum += entry.count;
  }
  EXPECT_EQ(sum, total);
}

TEST(quota_script_arguments, are_bounded_whatever_the_ages_are) {
  store_call call;
  call.window = milliseconds{60'000};
  for (int i = 0; i < 100'000; ++i) call.uses.push_back({milliseconds{i % 2 == 0 ? 50'000 : 10}, 1});
  std::uint64_t sum = 0;
  for (const dated_uses& entry : uses_to_report(call)) {
    EXPECT_EQ(entry.age, milliseconds{10});
    sum += entry.count;
  }
  EXPECT_EQ(sum, 100'000u);
  EXPECT_LE(arguments_of(call).size(), 22u + 2 * 4096);
}

TEST(quota_script_text, is_named_by_its_digest) {
  EXPECT_EQ(quota_script_digest().size(), 40u);
  EXPECT_EQ(quota_script().substr(0, 2), "--");
}

}  // namespace
}  // namespace ephemint::redis

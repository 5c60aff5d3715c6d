// What the script withstands: invalid arguments, a damaged state, more members and uses than it keeps; and
// which keys it may use.
#include "codec/script_text.hpp"
#include "support/quota_script_fixture.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using redis::store_answer;
using redis::store_call;

class quota_script_bounds : public quota_script {
 protected:
  std::vector<std::string> words(std::uint64_t seq) const {
    store_call c;
    c.member = "a";
    c.seq = seq;
    c.spare_epoch = "e";
    c.quota = 100;
    c.window = milliseconds{10'000};
    c.lease = milliseconds{7000};
    c.calm = true;
    c.uses = {{milliseconds{3}, 2}};
    return redis::arguments_of(c);
  }
  /// How often the script called that command.
  std::int64_t calls_of(const std::string& command) {
    const std::string all = store_->server().ask_text({"INFO", "commandstats"});
    const std::size_t at = all.find("cmdstat_" + command + ":calls=");
    return at == std::string::npos ? 0 : std::stoll(all.substr(all.find('=', at) + 1));
  }
};

TEST_F(quota_script_bounds, broken_words_are_refused_and_change_nothing) {
  store_->reply(now_, key_, words(1));
  const std::map<std::string, std::string> before = store_->fields(key_);
  ASSERT_FALSE(before.empty());
  struct broken {
    std::size_t at;
    std::string word;
  };
  for (const broken& b : std::vector<broken>{{1, ""},    {1, "two words"}, {1, "123456789012345678901"},
                                             {1, "a|b"}, {2, ""},          {2, "-1"},
                                             {2, "x"},   {2, "1.5"},       {2, "0x10"},
                                             {2, "inf"}, {2, "nan"},       {3, "e e"},
                                             {4, "-"},   {5, ""},          {6, "0"},
                                             {6, "1e9"}, {7, "0"},         {8, "\n"},
                                             {14, " 7"}, {15, "?"},        {16, "-1"},
                                             {18, "x"},  {20, "a b"},      {22, ""},
                                             {23, "-5"}, {24, "many"}}) {
    std::vector<std::string> said = words(2);
    said[b.at - 1] = b.word;
    const redis_reply got = store_->reply(now_ + 5, key_, said);
    EXPECT_EQ(got.what, redis_reply::kind::error) << b.at << " " << b.word;
    EXPECT_NE(got.text.find("isn't one of this script's"), std::string::npos) << got.text;
  }
  for (const std::size_t count : {0u, 1u, 21u, 23u}) {
    std::vector<std::string> said = words(2);
    said.resize(count);
    EXPECT_EQ(store_->reply(now_ + 5, key_, said).what, redis_reply::kind::error) << count;
  }
  std::vector<std::string> endless = words(2);
  endless.resize(22 + 2 * 4097, "1");
  EXPECT_EQ(store_->reply(now_ + 5, key_, endless).what, redis_reply::kind::error);
  EXPECT_EQ(store_->fields(key_), before);
}

TEST_F(quota_script_bounds, a_member_that_lies_harms_the_others_for_no_longer_than_its_lease_and_a_window) {
  static constexpr std::int64_t lie = 1'000'000'000'000'000;
  call("liar", 1, [](store_call& c) {
    c.held = lie;
    c.confirmed = lie;
    c.uses = {{milliseconds{0}, lie}, {milliseconds{-5}, lie}, {milliseconds{lie}, lie}};
    c.want_logins = c.want_background = c.want_spare = c.logins_sent = lie;
    c.lease = milliseconds{lie};
    c.learned_seen = c.key_seen = lie;
  });
  pass(10'100);
  EXPECT_LE(call("b", 1).counted, 100u);
  pass(120'000);  // the longest lease
  call("b", 2, [](store_call&) {});
  pass(10'100);
  const store_answer b = wants_logins("c", 1, 1);
  EXPECT_EQ(b.counted, 0u);
  EXPECT_EQ(b.free, 99);
  EXPECT_EQ(b.logins, 1u);
}

TEST_F(quota_script_bounds, a_damaged_state_mends) {
  call("a", 1);
  const std::map<std::string, std::string> good = store_->fields(key_);
  for (const std::string garbage : {"garbage", "-1", "99999999999999999999", "1e400", "nan", ""}) {
    for (const auto& [name, value] : good) {
      if (name == "v" || name == "window") continue;  // those are told to everybody
      std::map<std::string, std::string> bad = good;
      bad[name] = garbage;
      for (const std::string other : {"u:180000000", "m:x", "logins_line", "background_line", "probe",
                                      "pause", "recover", "learned", "unmet", "k:aa", "keys"})
        bad.emplace(other, garbage);
      store_->set_fields(key_, bad);
      const std::string where = name + " " + garbage;
      std::uint64_t given = 0, seq = 0;
      for (int i = 0; i < 50 && given == 0; ++i) {
        pass(10'000);
        const store_answer b = call("b", ++seq, [](store_call& c) {
          c.want_logins = 1;
          c.key_tag = "aa";
        });
        ASSERT_TRUE(b.what == status::ok || b.what == status::gone) << where;
        if (b.what == status::gone) seq = 0;
        given += b.logins;
      }
      EXPECT_EQ(given, 1u) << where;
      now_ = 1'800'000'000'000;
    }
  }
}

TEST_F(quota_script_bounds, another_kind_of_key_is_an_error_and_stays) {
  store_->server().ask({"SET", key_, "mine"});
  EXPECT_EQ(store_->reply(now_, key_, words(1)).what, redis_reply::kind::error);
  EXPECT_EQ(store_->server().ask_text({"GET", key_}), "mine");
}

TEST_F(quota_script_bounds, it_keeps_2000_members_and_tells_the_next_to_come_later) {
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(call("m" + std::to_string(i), 1).what, status::ok);
  const store_answer next = used("next", 1, 5);
  EXPECT_EQ(next.what, status::full);
  EXPECT_EQ(next.ask_again->count(), 10'000);
  EXPECT_EQ(call("m0", 2).counted, 0u);
  EXPECT_EQ(call("m7", 2).members, 2000u);
  pass(30'000);
  EXPECT_EQ(call("next", 1).members, 1u);
}

TEST_F(quota_script_bounds, at_a_million_requests_a_window_it_is_small_and_a_call_looks_at_little) {
  const auto big = [this](const std::string& member, std::uint64_t seq, auto change) {
    return call(member, seq, [&](store_call& c) {
      c.quota = 1'000'000;
      c.window = milliseconds{60'000};
      change(c);
    });
  };
  // Each cell is filled.
  for (std::uint64_t i = 0; i < 1000; ++i) {
    big("filler", i + 1, [i](store_call& c) {
      c.confirmed = 1000 * i;
      c.uses = {{milliseconds{0}, 1000}};
    });
    pass(60);
  }
  for (int i = 0; i < 64; ++i)
    big("m" + std::to_string(i), 1, [](store_call& c) { c.want_logins = c.want_background = 100; });
  EXPECT_LE(std::stoll(store_->server().ask_text({"MEMORY", "USAGE", key_, "SAMPLES", "0"})), 100'000);
  EXPECT_LE(std::stoll(store_->server().ask_text({"HLEN", key_})), 64 + 1 + 34 + 40);

  // The longest walk: to the last cell; and a report of as many uses as fit in one.
  store_->server().ask({"CONFIG", "RESETSTAT"});
  big("m1", 2, [](store_call& c) { c.want_logins = 5'000'000; });
  EXPECT_LE(calls_of("hmget"), 8);
  store_->server().ask({"CONFIG", "RESETSTAT"});
  big("m2", 2, [](store_call& c) {
    for (int i = 0; i < 100'000; ++i) c.uses.push_back({milliseconds{i % 60'000}, 1});
  });
  EXPECT_LE(calls_of("hmget"), 45);
  EXPECT_EQ(calls_of("hset"), 1);
}

TEST_F(quota_script_bounds, a_log_left_alone_for_long_is_forgotten_without_a_long_walk) {
  used("a", 1, 50);
  pass(75'000);
  store_->server().ask({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(call("b", 1).counted, 0u);
  EXPECT_LE(calls_of("hmget"), 3);
  for (const auto& [name, value] : store_->fields(key_)) EXPECT_NE(name.substr(0, 2), "u:") << value;
}

TEST_F(quota_script_bounds, the_text_itself_runs_under_the_rights_that_are_documented) {
  redis_server& server = store_->server();
  EXPECT_EQ(server.ask_text({"SCRIPT", "LOAD", std::string{redis::quota_script()}}),
            redis::quota_script_digest());
  ASSERT_EQ(server.ask_text({"ACL", "SETUSER", "member", "on", ">word", "~" + key_, "+evalsha", "+eval",
                             "+time", "+hmget", "+hgetall", "+hset", "+hdel", "+del", "+pexpire"}),
            "OK");
  ASSERT_EQ(server.ask_text({"AUTH", "member", "word"}), "OK");
  for (const std::uint64_t seq : {1u, 2u, 3u}) {
    std::vector<std::string> command{"EVALSHA", redis::quota_script_digest(), "1", key_};
    for (const std::string& word : words(seq)) command.push_back(word);
    const redis_reply got = server.ask(command);
    ASSERT_EQ(got.what, redis_reply::kind::array) << got.text;
    EXPECT_EQ(got.elements.front().text, "ok");
  }
  // It would be refused another key: so it touched none.
  EXPECT_EQ(server.ask({"EVALSHA", redis::quota_script_digest(), "1", "another"}).what,
            redis_reply::kind::error);
}

}  // namespace
}  // namespace ephemint::test

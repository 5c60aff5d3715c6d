// What the members of a shared quota tell each other about their API key.
#include "core/key/key_state.hpp"
#include "support/lease_world.hpp"

#include <ephemint/secret.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using core::duration;
using core::time_point;
using permission = core::key_guard::permission;
using key_word = redis::store_call::key_word;

constexpr quota eighty = quota::declared(80, 4s);

std::shared_ptr<core::key_state> key_named(const char* text) {
  return std::make_shared<core::key_state>(secret{text});
}

redis::leasing_governor::settings with_key(redis::leasing_governor::settings s,
                                           std::shared_ptr<core::key_state> key) {
  s.credential = std::move(key);
  s.tag_of_key = [](std::string_view text) { return "tag0" + std::string{text}; };
  return s;
}

/// Machines that share a quota and a key. The first has a batch; the others a login now and then.
class fleet : public lease_world {
 public:
  explicit fleet(std::size_t machines_there, bool sharing = true) : lease_world{eighty, 11} {
    for (std::size_t i = 0; i < machines_there; ++i) {
      keys.push_back(key_named("key"));
      auto s = with_key(usual(), keys.back());
      if (!sharing) s.tag_of_key = [i](std::string_view) { return std::to_string(i); };
      add(std::move(s));
    }
    key_refused = [this](const lease_machine&) { return revoked; };
    machines[0]->batch = 100'000;
    machines[0]->go(now());
    for (std::size_t i = 1; i < machines_there; ++i) come_again(*machines[i]);
  }

  void come_again(lease_machine& m) {
    if (m.logins < 3) ++m.logins;
    m.go(now());
    after(500ms, [this, &m](time_point) { come_again(m); });
  }

  std::size_t unauthorized() const {
    std::size_t all = 0;
    for (const auto& m : machines) all += m->unauthorized;
    return all;
  }
  std::size_t shut() const {
    std::size_t all = 0;
    for (const auto& k : keys) all += k->guard().at(now()) != core::key_gate::state::open;
    return all;
  }

  std::vector<std::shared_ptr<core::key_state>> keys;
  bool revoked = false;
};

TEST(shared_key, what_one_machine_learns_of_a_revoked_key_all_know) {
  fleet f{4};
  f.run_for(10s);
  ASSERT_EQ(f.unauthorized(), 0u);
  f.revoked = true;
  f.run_for(13s);
  EXPECT_EQ(f.shut(), 4u);
  const std::size_t until_known = f.unauthorized();
  f.run_for(27s);
  EXPECT_LE(f.unauthorized() - until_known, 12u) << "a probe of one machine each second, then each five";
  EXPECT_EQ(f.most_probes, 1u) << "at a time, of all machines";
}

TEST(shared_key, restored_key_is_found_good_by_all_within_the_time_of_a_probe) {
  fleet f{4};
  f.run_for(10s);
  f.revoked = true;
  f.run_for(30s);
  ASSERT_EQ(f.shut(), 4u);
  f.revoked = false;
  const time_point restored = f.now();
  f.run_for(7s);  // the pause after a probe, and a second until all have heard
  EXPECT_EQ(f.shut(), 0u);
  for (const auto& m : f.machines) EXPECT_GT(m->minted_at, restored);
}

TEST(shared_key, probe_is_one_machines_and_not_each_machines) {
  fleet together{4}, apart{4, false};
  std::size_t total[2], probes[2];
  for (fleet* f : {&together, &apart}) {
    f->run_for(10s);
    f->revoked = true;
    f->run_for(90s);
    ASSERT_EQ(f->shut(), 4u);
    total[f == &apart] = f->unauthorized();
    f->run_for(30s);
    probes[f == &apart] = f->unauthorized() - total[f == &apart];
  }
  EXPECT_LE(total[0], 220u) << "64 in 10 s at least of the first, and what all send meanwhile";
  EXPECT_GE(total[1], total[0] + 3 * 64 / 2);
  EXPECT_GE(probes[1], 4 * 4u);
  EXPECT_LE(probes[0], 7u);
}

TEST(shared_key, key_that_the_store_keeps_forgetting_is_tried_all_the_same) {
  fleet f{1};
  f.run_for(5s);
  f.revoked = true;
  f.run_for(20s);
  ASSERT_EQ(f.shut(), 1u);
  for (int i = 0; i < 60; ++i) f.after(i * 900ms, [&](time_point) { f.store.flush(); });
  f.revoked = false;
  f.run_for(50s);
  EXPECT_EQ(f.shut(), 0u);
}

TEST(shared_key, refused_accounts_of_one_machine_shut_nobody_elses_gate) {
  fleet f{3};
  f.run_for(5s);
  f.key_refused = [&](const lease_machine& m) {
    return &m == f.machines[0].get() && m.sends.size() % 9 != 0;
  };
  for (int i = 0; i < 50; ++i) {
    f.run_for(200ms);
    ASSERT_EQ(f.shut(), 0u);
  }
}

TEST(shared_key, newcomer_whose_first_accounts_are_refused_is_in_doubt_alone) {
  fleet f{2};
  f.run_for(5s);
  f.keys.push_back(key_named("key"));
  lease_machine& late = f.add(with_key(f.usual(), f.keys.back()));
  f.key_refused = [&](const lease_machine& m) { return &m == &late && m.unauthorized < 5; };
  late.batch = 100;
  late.go(f.now());
  for (int i = 0; i < 100; ++i) {
    f.run_for(50ms);
    ASSERT_EQ(f.keys[0]->guard().at(f.now()), core::key_gate::state::open);
    ASSERT_EQ(f.keys[1]->guard().at(f.now()), core::key_gate::state::open);
  }
  EXPECT_GT(late.minted_at, time_point{});
}

TEST(shared_key, without_the_store_each_tries_as_if_alone) {
  fleet f{3};
  f.run_for(10s);
  f.revoked = true;
  f.run_for(14s);
  ASSERT_EQ(f.shut(), 3u);
  f.store_up = false;
  f.run_for(10s);
  f.revoked = false;
  f.run_for(8s);
  EXPECT_EQ(f.shut(), 0u);
}

TEST(shared_key, store_that_forgets_a_refused_key_is_told_again) {
  fleet f{3};
  f.run_for(10s);
  f.revoked = true;
  f.run_for(14s);
  f.store.flush();
  const std::size_t before = f.unauthorized();
  f.run_for(10s);
  EXPECT_EQ(f.shut(), 3u);
  EXPECT_LE(f.unauthorized() - before, 12u);
  f.revoked = false;
  f.run_for(8s);
  EXPECT_EQ(f.shut(), 0u);
}

TEST(shared_key, rotated_key_is_another_key) {
  fleet f{3};
  f.run_for(10s);
  f.key_refused = [&](const lease_machine& m) {  // all but the first have the old key
    return &m != f.machines[0].get() || f.keys[0]->version() == 1;
  };
  f.run_for(14s);
  ASSERT_EQ(f.shut(), 3u);
  f.keys[0]->rotate(secret{"another"});
  f.machines[0]->go(f.now());
  const time_point rotated = f.now();
  f.run_for(5s);
  EXPECT_GT(f.machines[0]->minted_at, rotated);
  EXPECT_EQ(f.shut(), 2u) << "the old one is refused still";
}

// --- one member, command by command ---

class member_with_a_key : public testing::Test {
 protected:
  member_with_a_key() {
    key->guard().on_minted(1);
    g.join();
    answer({});
  }

  /// Answers the next command with that.
  redis::store_call answer(redis::store_answer a) {
    a.epoch = "e";
    a.limit = 80;
    a.free = 80;
    for (int i = 0; i < 20'000; ++i, now += 1ms)
      if (const auto call = g.next_call(now)) {
        g.on_answer(now, call->number, a);
        return call->call;
      }
    ADD_FAILURE() << "no command";
    return {};
  }
  static redis::store_answer refused(std::uint64_t revision, bool probe = false) {
    redis::store_answer a;
    a.key_refused = true;
    a.key_revision = revision;
    a.key_probe = probe;
    a.key_retry = probe ? 0ms : 1000ms;
    return a;
  }
  static redis::store_answer accepted(std::uint64_t revision) {
    redis::store_answer a;
    a.key_revision = revision;
    return a;
  }
  permission ask() { return key->guard().may_send(now); }

  std::shared_ptr<core::key_state> key = key_named("key");
  redis::leasing_governor g{with_key(
      [] {
        redis::leasing_governor::settings s;
        s.rate = eighty;
        s.key = "k";
        return s;
      }(),
      key)};
  time_point now{1000s};
};

TEST_F(member_with_a_key, adopts_what_others_say) {
  EXPECT_EQ(answer(refused(1)).key_tag, "tag0key");
  EXPECT_EQ(ask(), permission::wait);
  answer(accepted(2));
  EXPECT_EQ(ask(), permission::go);
}

TEST_F(member_with_a_key, asks_for_the_probe_and_sends_it_when_it_is_granted) {
  answer(refused(1));
  now += 1s;
  EXPECT_EQ(ask(), permission::wait) << "it asks first";
  EXPECT_TRUE(answer(refused(1, true)).key_probe);
  EXPECT_EQ(ask(), permission::go_as_probe);
  key->guard().on_refused(now, true, 7, 1);
  const auto told = answer(refused(2));
  EXPECT_EQ(told.key, key_word::refused);
  EXPECT_EQ(told.key_seen, 1u);
  EXPECT_EQ(answer(refused(2)).key, key_word::nothing) << "once";
}

TEST_F(member_with_a_key, mint_goes_before_the_word_of_others) {
  answer(refused(1));
  key->guard().on_minted(1);  // by a request that was on its way
  const auto told = answer(accepted(2));
  EXPECT_EQ(told.key, key_word::minted);
  EXPECT_EQ(ask(), permission::go);
}

TEST_F(member_with_a_key, answer_to_what_was_said_before_a_mint_shuts_nothing) {
  answer(refused(1));
  now += 11s;
  const auto call = g.next_call(now);
  ASSERT_TRUE(call);
  key->guard().on_minted(1);
  redis::store_answer a = refused(1);
  a.epoch = "e";
  g.on_answer(now, call->number, a);
  EXPECT_EQ(ask(), permission::go);
  EXPECT_EQ(answer(accepted(2)).key, key_word::minted);
}

TEST_F(member_with_a_key, refusals_that_no_grant_was_asked_for_speak_too) {
  for (std::uint64_t account = 0; account < 64; ++account)
    key->guard().on_refused(now + account * 200ms, false, account, 1);
  now += 13s;
  EXPECT_EQ(answer(refused(1)).key, key_word::refused);
  EXPECT_NE(ask(), permission::go);
}

}  // namespace
}  // namespace ephemint::test

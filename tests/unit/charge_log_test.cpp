#include "core/quota/charge_log.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

TEST(charge_log, forgets_what_left_the_window) {
  charge_log log;
  for (int i = 1; i <= 5; ++i) log.add(at{i * 1s});
  log.expire(at{2s});  // the edge itself is out: (now - window, now]
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log.at(0), at{3s});
}

TEST(charge_log, late_date_is_put_into_order) {
  charge_log log;
  for (auto s : {5s, 1s, 3s, 3s, 9s, 2s}) log.add(at{s});
  EXPECT_EQ(log.at(0), at{1s});
  EXPECT_EQ(log.at(5), at{9s});
  EXPECT_EQ(log.count_after(at{3s}), 2u);
  EXPECT_EQ(log.count_after(at{2999ms}), 4u);
  EXPECT_EQ(log.count_after(at{9s}), 0u);
}

TEST(charge_log, equals_a_sorted_list_over_random_use) {
  splitmix random{7};
  charge_log log;
  std::vector<at> model;
  at now{100s};
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds{random.next() % 50};
    const at charged = now - std::chrono::milliseconds{random.next() % 200};
    log.add(charged);
    model.insert(std::upper_bound(model.begin(), model.end(), charged), charged);
    const at edge = now - std::chrono::seconds{5 + random.next() % 5};
    log.expire(edge);
    model.erase(model.begin(), std::upper_bound(model.begin(), model.end(), edge));
    ASSERT_EQ(log.size(), model.size());
    const at since = now - std::chrono::milliseconds{random.next() % 9000};
    ASSERT_EQ(log.count_after(since),
              static_cast<std::size_t>(model.end() - std::upper_bound(model.begin(), model.end(), since)));
    if (model.empty()) continue;
    ASSERT_EQ(log.at(model.size() / 2), model[model.size() / 2]);
  }
}

}  // namespace
}  // namespace ephemint::core

// Which observer gets which report, on which executor, and in which order.
#include "shell/report_queue.hpp"

#include "support/recording_observer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ephemint::detail {
namespace {

using place = report_queue::place;
using test::recording_observer;

struct ReportQueue : testing::Test {
  void bring(std::uint64_t number, place from, const std::string& text = {}) {
    attempt_report r;
    r.mint = number;
    r.request_id = text;
    queue->tell(r, from);
  }
  std::vector<std::uint64_t> order() const {
    std::vector<std::uint64_t> numbers;
    for (const auto& h : seen->attempts()) numbers.push_back(h.attempt.mint);
    return numbers;
  }

  std::shared_ptr<recording_observer> seen = std::make_shared<recording_observer>();
  boost::asio::io_context context{1};
  std::shared_ptr<report_queue> queue = std::make_shared<report_queue>(seen, context.get_executor());
};

TEST_F(ReportQueue, on_the_executor_a_report_is_told_at_once) {
  bring(1, place::on_executor);
  EXPECT_EQ(order(), (std::vector<std::uint64_t>{1}));
}

TEST_F(ReportQueue, elsewhere_it_is_told_by_the_executor_with_its_texts) {
  {
    const std::string soon_gone = "a text that is longer than a string holds in itself";
    bring(1, place::elsewhere, soon_gone);
    bring(2, place::elsewhere, "short");
  }
  EXPECT_EQ(order(), (std::vector<std::uint64_t>{}));
  context.run();
  ASSERT_EQ(order(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(seen->attempts()[0].text, "a text that is longer than a string holds in itself");
  EXPECT_EQ(seen->attempts()[1].text, "short");
}

TEST_F(ReportQueue, none_overtakes_another) {
  bring(1, place::elsewhere);
  bring(2, place::on_executor);
  EXPECT_EQ(order(), (std::vector<std::uint64_t>{1, 2}));
  bring(3, place::elsewhere);
  context.run();
  EXPECT_EQ(order(), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(ReportQueue, what_the_observer_brings_itself_comes_next) {
  bool inside = false;
  seen->on_any = [&](const auto& h) {
    EXPECT_FALSE(std::exchange(inside, true));
    if (h.attempt.mint == 1) bring(2, place::elsewhere);
    if (h.attempt.mint == 1) bring(3, place::on_executor);
    inside = false;
  };
  bring(1, place::on_executor);
  EXPECT_EQ(order(), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(ReportQueue, when_its_context_goes_what_is_left_is_not_told) {
  bring(1, place::elsewhere);
  queue->shut();
  bring(2, place::elsewhere);
  queue.reset();
  EXPECT_EQ(order(), (std::vector<std::uint64_t>{}));
}

TEST(ReportQueueThreads, each_is_told_once_and_never_two_at_a_time) {
  constexpr int threads = 4, rounds = 2'000;
  const auto seen = std::make_shared<recording_observer>();
  boost::asio::thread_pool pool{2};
  const auto queue = std::make_shared<report_queue>(seen, pool.get_executor());
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        attempt_report r;
        r.mint = static_cast<std::uint64_t>(t);
        r.number = i;
        queue->tell(r, i % 2 == 0 ? place::on_executor : place::elsewhere);
      }
    });
  for (auto& each : all) each.join();
  pool.join();
  EXPECT_FALSE(seen->overlapped);
  std::vector<int> next(threads, 0);
  for (const auto& h : seen->attempts())
    EXPECT_EQ(h.attempt.number, next[h.attempt.mint]++) << "out of order";
  EXPECT_EQ(next, std::vector<int>(threads, rounds));
}

}  // namespace
}  // namespace ephemint::detail

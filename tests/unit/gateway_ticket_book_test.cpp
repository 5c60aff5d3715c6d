#include "support/seeds.hpp"
#include "tickets/ticket_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;
using admission = ticket_book::admission;
using time_point = clock::time_point;

const time_point start{1'000s};

/// What the wall clock shows at `now`, after it was set back by `set_back`.
wall_clock::time_point wall(time_point now, clock::duration set_back = 0s) {
  return wall_clock::time_point{500'000h} + (now - start) - set_back;
}

instant at(time_point now, clock::duration set_back = 0s) { return {now, wall(now, set_back)}; }

/// Opens tickets that were issued at `start`, for 60 s.
admission opens(ticket_book& book, const std::string& id, time_point now, clock::duration set_back = 0s) {
  return book.open(id, at(now, set_back), wall(start + 60s), wall(start + 300s));
}

void wait_from(ticket_book& book, const std::string& id, time_point now, clock::duration told) {
  ASSERT_EQ(opens(book, id, now), admission::opened);
  book.wait_until(id, now + told);
}

// behaviours: G9
TEST(gateway_ticket_book, ticket_opens_once) {
  ticket_book book;
  EXPECT_EQ(opens(book, "a", start), admission::opened);
  EXPECT_EQ(opens(book, "a", start), admission::busy);
  EXPECT_EQ(opens(book, "b", start), admission::opened) << "another's";
  book.spend("a");
  EXPECT_EQ(opens(book, "a", start), admission::spent);
  EXPECT_EQ(opens(book, "a", start + 59s), admission::spent);
}

TEST(gateway_ticket_book, ticket_is_dead_at_its_exp) {
  ticket_book book;
  EXPECT_EQ(opens(book, "a", start + 60s), admission::over);
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(opens(book, "a", start + 60s - 1ns), admission::opened);
}

TEST(gateway_ticket_book, ticket_that_came_to_nothing_opens_again_and_takes_no_room) {
  ticket_book book;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(opens(book, "a", start + i * 1s), admission::opened);
    book.give_back("a");
    EXPECT_EQ(book.size(), 0u);
    EXPECT_EQ(book.waiting(at(start + i * 1s)), 0u) << "nor a place";
  }
}

TEST(gateway_ticket_book, ends_of_what_nobody_began_change_nothing) {
  ticket_book book;
  book.spend("a");
  book.give_back("a");
  book.wait_until("a", start);
  EXPECT_EQ(book.size(), 0u);
  ASSERT_EQ(opens(book, "a", start), admission::opened);
  book.spend("a");
  book.give_back("a");
  book.wait_until("a", start + 9s);
  EXPECT_EQ(opens(book, "a", start), admission::spent);
}

// behaviours: G9
TEST(gateway_ticket_book, spent_ticket_is_refused_for_as_long_as_it_could_seem_alive) {
  ticket_book book;
  wait_from(book, "a", start, 100s);
  ASSERT_EQ(opens(book, "a", start + 100s), admission::opened) << "kept alive beyond its exp";
  book.spend("a");
  for (const clock::duration later : {100s, 115s, 299s, 300s, 360s})
    EXPECT_EQ(opens(book, "a", start + later), admission::spent);
  EXPECT_EQ(book.size(), 1u);
  EXPECT_EQ(opens(book, "a", start + 360s + 1ns), admission::over);
  EXPECT_EQ(book.size(), 0u) << "forgotten";
}

// behaviours: G9
TEST(gateway_ticket_book, clock_set_back_lets_nobody_in_twice) {
  for (const clock::duration set_back : {30s, 59s, 60s, 61s, 300s, 3'600s, 86'400s})
    for (const clock::duration when : {1s, 60s, 61s, 120s, 300s, 360s, 361s, 500s, 4'000s}) {
      SCOPED_TRACE(testing::Message() << set_back.count() << " ns back, " << when.count() << " ns later");
      ticket_book book;
      ASSERT_EQ(opens(book, "a", start), admission::opened);
      book.spend("a");
      (void)opens(book, "another", start + when);  // may forget it
      // Until the wall clock has reached the ticket's `exp` a second time.
      for (clock::duration later = when; later < 60s + set_back; later += 7s)
        ASSERT_NE(opens(book, "a", start + later, set_back), admission::opened) << later.count();
      EXPECT_EQ(opens(book, "a", start + set_back + 361s, set_back), admission::over);
    }
}

TEST(gateway_ticket_book, clock_set_back_shuts_out_no_more_than_it_must) {
  const auto open = [](ticket_book& book, const char* id, clock::duration later, clock::duration set_back) {
    const instant now = at(start + later, set_back);
    return book.open(id, now, now.wall + 60s, now.wall + 300s);
  };
  ticket_book book;
  ASSERT_EQ(open(book, "known", 0s, 0s), admission::opened);
  book.spend("known");
  EXPECT_EQ(open(book, "new", 10s, 7'200s), admission::opened) << "all that was spent is known";
  EXPECT_EQ(open(book, "known", 10s, 7'200s), admission::spent);
  EXPECT_EQ(open(book, "later", 1'000s, 0s), admission::opened) << "and is forgotten in its time";
  EXPECT_EQ(open(book, "doubtful", 1'000s, 1'001s), admission::doubtful);
  EXPECT_EQ(open(book, "newer", 1'001s, 1'000s), admission::opened)
      << "it ends later than what was forgotten";
}

// behaviours: G11
TEST(gateway_ticket_book, waiting_keeps_alive_for_the_told_time_and_15_s) {
  const struct {
    clock::duration told, last;
  } cases[] = {{1s, 60s},  {44s, 60s},   {45s, 60s},   {46s, 61s},
               {59s, 74s}, {285s, 300s}, {290s, 300s}, {10'000s, 300s}};
  for (const auto& c : cases) {
    for (const bool in_time : {true, false}) {
      ticket_book book;
      wait_from(book, "a", start, c.told);
      const time_point back = start + c.last - (in_time ? 1ns : 0ns);
      EXPECT_EQ(opens(book, "a", back), in_time ? admission::opened : admission::over) << c.told.count();
    }
  }
}

TEST(gateway_ticket_book, each_wait_keeps_alive_from_then_on_but_never_beyond_death) {
  ticket_book book;
  time_point now = start;
  for (int i = 0; i < 29; ++i, now += 10s) wait_from(book, "a", now, 10s);
  EXPECT_EQ(now, start + 290s);
  wait_from(book, "a", now, 10s);
  EXPECT_EQ(opens(book, "a", start + 300s), admission::over);
}

// behaviours: G11
TEST(gateway_ticket_book, reload_neither_loses_nor_gains_a_place) {
  ticket_book book;
  for (const char* id : {"a", "b", "c"}) wait_from(book, id, start, 20s);
  EXPECT_EQ(book.ahead("a", at(start)), 0u);
  EXPECT_EQ(book.ahead("b", at(start)), 1u);
  EXPECT_EQ(book.ahead("c", at(start)), 2u);
  EXPECT_EQ(book.ahead("new", at(start)), 3u);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(opens(book, "b", start + 1s), admission::opened);
    EXPECT_EQ(book.ahead("b", at(start + 1s)), 1u);
    book.wait_until("b", start + 20s);
    EXPECT_EQ(book.ahead("c", at(start + 1s)), 2u);
  }
  EXPECT_EQ(book.waiting(at(start + 1s)), 3u);
}

TEST(gateway_ticket_book, who_is_served_stands_in_nobodys_way) {
  ticket_book book;
  for (const char* id : {"a", "b"}) wait_from(book, id, start, 5s);
  ASSERT_EQ(opens(book, "a", start + 5s), admission::opened);
  EXPECT_EQ(book.ahead("b", at(start + 5s)), 0u) << "its mint has been asked for";
  book.give_back("a");
  EXPECT_EQ(book.ahead("b", at(start + 5s)), 1u) << "it keeps its place";
  ASSERT_EQ(opens(book, "a", start + 5s), admission::opened);
  book.spend("a");
  EXPECT_EQ(book.ahead("b", at(start + 5s)), 0u);
  EXPECT_EQ(book.waiting(at(start + 5s)), 1u);
}

TEST(gateway_ticket_book, who_is_more_than_2_s_late_does_not_count_until_it_is_back) {
  ticket_book book;
  wait_from(book, "a", start, 5s);
  wait_from(book, "b", start, 30s);
  EXPECT_EQ(book.ahead("b", at(start + 7s)), 1u);
  EXPECT_EQ(book.ahead("b", at(start + 7s + 1ns)), 0u);
  EXPECT_EQ(book.waiting(at(start + 8s)), 1u);
  wait_from(book, "a", start + 9s, 5s);
  EXPECT_EQ(book.ahead("b", at(start + 9s)), 1u) << "it has its old place";
  EXPECT_EQ(book.ahead("a", at(start + 9s)), 0u);
}

TEST(gateway_ticket_book, who_has_a_place_waits_until_it_is_over_or_served) {
  ticket_book book;
  EXPECT_FALSE(book.waits("a", start));
  ASSERT_EQ(opens(book, "a", start), admission::opened);
  EXPECT_FALSE(book.waits("a", start)) << "it has no place yet";
  book.wait_until("a", start + 50s);
  EXPECT_TRUE(book.waits("a", start));
  EXPECT_TRUE(book.waits("a", start + 65s - 1ns));
  EXPECT_FALSE(book.waits("a", start + 65s));
  ASSERT_EQ(opens(book, "a", start + 50s), admission::opened);
  EXPECT_TRUE(book.waits("a", start + 50s)) << "it keeps its place while it is being opened";
  book.spend("a");
  EXPECT_FALSE(book.waits("a", start + 50s));
}

// behaviours: G9
TEST(gateway_ticket_book, full_book_drops_nobody) {
  ticket_book book{3};
  ASSERT_EQ(opens(book, "spent", start), admission::opened);
  book.spend("spent");
  wait_from(book, "waits", start, 100s);
  ASSERT_EQ(opens(book, "opening", start), admission::opened);
  EXPECT_EQ(opens(book, "new", start), admission::full);
  EXPECT_EQ(opens(book, "spent", start), admission::spent);
  EXPECT_EQ(opens(book, "opening", start), admission::busy);
  wait_from(book, "waits", start, 100s);
  book.give_back("opening");
  EXPECT_EQ(opens(book, "new", start), admission::opened) << "there is room again";
  EXPECT_EQ(book.size(), 3u);
}

TEST(gateway_ticket_book, what_is_over_makes_room) {
  ticket_book book{1};
  wait_from(book, "a", start, 10s);
  const auto open_b = [&book](time_point now) {
    return book.open("b", at(now), wall(start + 90s), wall(start + 300s));
  };
  EXPECT_EQ(open_b(start + 60s), admission::full);
  EXPECT_EQ(open_b(start + 60s + 1ns), admission::opened);
}

TEST(gateway_ticket_book, line_of_100000_is_counted_and_forgotten) {
  ticket_book book;
  constexpr int many = 100'000;
  for (int i = 0; i < many; ++i) wait_from(book, std::to_string(i), start, 1s + i * 1ms);
  EXPECT_EQ(opens(book, "one more", start), admission::full);
  for (int i = 0; i < many; i += 997)
    EXPECT_EQ(book.ahead(std::to_string(i), at(start)), static_cast<std::size_t>(i));
  EXPECT_EQ(book.waiting(at(start)), static_cast<std::size_t>(many));
  EXPECT_EQ(book.waiting(at(start + 301s)), 0u);
  EXPECT_EQ(book.size(), 0u);
}

/// A simple and slow model of the same book.
class naive_book {
 public:
  explicit naive_book(std::size_t most) : most_{most} {}

  admission open(const std::string& id, time_point now, time_point expires, time_point dead) {
    forget(now);
    const auto known = all_.find(id);
    if (known == all_.end()) {
      if (now >= expires) return admission::over;
      if (all_.size() >= most_) return admission::full;
      all_[id] = {.expires = expires, .dead = dead};
      return admission::opened;
    }
    facts& ticket = known->second;
    if (ticket.spent) return admission::spent;
    if (ticket.opening) return admission::busy;
    if (now >= ticket.last()) return admission::over;
    ticket.opening = true;
    return admission::opened;
  }
  std::size_t ahead(const std::string& id, time_point now) {
    forget(now);
    const auto own = all_.find(id);
    const int place = own == all_.end() ? 0 : own->second.place;
    return count(now, [&](const facts& other) { return place == 0 || other.place < place; });
  }
  std::size_t waiting(time_point now) {
    forget(now);
    return count(now, [](const facts&) { return true; });
  }
  void spend(const std::string& id) {
    all_[id].opening = false;
    all_[id].spent = true;
  }
  void give_back(const std::string& id) {
    all_[id].opening = false;
    if (all_[id].place == 0) all_.erase(id);
  }
  void wait_until(const std::string& id, time_point then) {
    facts& ticket = all_[id];
    ticket.opening = false;
    ticket.told = then;
    if (ticket.place == 0) ticket.place = ++places_;
  }
  std::size_t size() const { return all_.size(); }

 private:
  struct facts {
    time_point expires, dead;
    bool opening = true, spent = false;
    int place = 0;
    time_point told{};

    time_point last() const {
      if (spent) return std::max(expires, dead) + 60s;
      return place == 0 ? expires : std::max(expires, std::min(told + 15s, dead));
    }
  };

  void forget(time_point now) {
    std::erase_if(all_, [&](const auto& one) { return !one.second.opening && one.second.last() < now; });
  }
  template <class Which>
  std::size_t count(time_point now, Which which) const {
    return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [&](const auto& one) {
      const facts& ticket = one.second;
      return ticket.place != 0 && !ticket.opening && !ticket.spent && now <= ticket.told + 2s &&
             which(ticket);
    }));
  }

  std::size_t most_;
  std::map<std::string, facts> all_;
  int places_ = 0;
};

TEST(gateway_ticket_book, does_what_a_naive_one_does) {
  for (std::uint64_t seed = 1; seed <= test::seeds_to_play(40); ++seed) {
    std::mt19937_64 random{seed};
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    const std::size_t most = seed % 4 == 0 ? 8 : 1'000;
    ticket_book book{most};
    naive_book naive{most};
    std::vector<std::string> under_way;
    time_point now = start;
    for (int step = 0; step < 4'000; ++step) {
      now += below(4) * 250ms;
      // Some 60 tickets of now, and some of long ago.
      const std::uint64_t number = static_cast<std::uint64_t>((now - start) / 5s) + below(60);
      const std::string id = std::to_string(number);
      const time_point issued = start + (number - std::min<std::uint64_t>(number, 30)) * 5s;
      if (under_way.empty() || below(2) == 0) {
        const admission got = book.open(id, at(now), wall(issued + 60s), wall(issued + 300s));
        ASSERT_EQ(got, naive.open(id, now, issued + 60s, issued + 300s)) << seed << ' ' << step;
        if (got == admission::opened) under_way.push_back(id);
      } else {
        const auto at = under_way.begin() + static_cast<std::ptrdiff_t>(below(under_way.size()));
        const std::string ended = std::exchange(*at, under_way.back());
        under_way.pop_back();
        const clock::duration told = below(80) * 500ms;
        const std::uint64_t how = below(8);
        if (how == 0) {
          book.spend(ended), naive.spend(ended);
        } else if (how == 1) {
          book.give_back(ended), naive.give_back(ended);
        } else {
          book.wait_until(ended, now + told), naive.wait_until(ended, now + told);
        }
      }
      ASSERT_EQ(book.waiting(at(now)), naive.waiting(now)) << seed << ' ' << step;
      ASSERT_EQ(book.ahead(id, at(now)), naive.ahead(id, now)) << seed << ' ' << step;
      ASSERT_EQ(book.size(), naive.size()) << seed << ' ' << step;
    }
  }
}

}  // namespace
}  // namespace ephemint::gateway

#include "core/links/address_book.hpp"

#include "core/links/link_health.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1000s};

address_id four(std::uint8_t last) { return {4, {192, 0, 2, last}}; }
address_id six(std::uint8_t last) { return {6, {0x20, 0x01, 0x0d, 0xb8, last}}; }

/// The order of these addresses at that time.
std::vector<address_id> line(const address_book& book, std::vector<address_id> given, time_point now) {
  std::ranges::stable_sort(given, {}, [&](const address_id& each) { return book.rank_of(each, now); });
  return given;
}

using ids = std::vector<address_id>;

TEST(address_book, nothing_known_keeps_the_given_order) {
  EXPECT_EQ(line({}, {six(1), four(1), six(2)}, start), (ids{six(1), four(1), six(2)}));
}

// behaviours: A1
TEST(address_book, bad_address_goes_to_the_end_of_the_line_for_30_s) {
  address_book book;
  book.mark(four(1), address_trouble::broke, start);
  const ids given{four(1), four(2), four(3)};
  EXPECT_EQ(line(book, given, start), (ids{four(2), four(3), four(1)}));
  EXPECT_EQ(line(book, given, start + 30s - 1ns), (ids{four(2), four(3), four(1)}));
  EXPECT_EQ(line(book, given, start + 30s), given);
}

// behaviours: A1
TEST(address_book, all_bad_ones_are_used_the_oldest_mark_first) {
  address_book book;
  book.mark(four(2), address_trouble::broke, start);
  book.mark(four(3), address_trouble::broke, start + 1s);
  book.mark(four(1), address_trouble::silent, start + 2s);
  const ids given{four(1), four(2), four(3)};
  EXPECT_EQ(line(book, given, start + 3s), (ids{four(2), four(3), four(1)}));
  book.mark(four(2), address_trouble::broke, start + 4s);
  EXPECT_EQ(line(book, given, start + 5s), (ids{four(3), four(1), four(2)})) << "found bad again";
}

// behaviours: A2
TEST(address_book, silent_address_lets_the_other_family_go_first) {
  address_book book;
  book.mark(six(1), address_trouble::silent, start);
  EXPECT_EQ(line(book, {six(1), four(1), six(2), four(2)}, start + 1s),
            (ids{four(1), four(2), six(2), six(1)}));
  EXPECT_EQ(line(book, {six(1), four(1), six(2), four(2)}, start + 30s),
            (ids{six(1), four(1), six(2), four(2)}));
}

TEST(address_book, address_that_answered_badly_says_nothing_of_its_family) {
  address_book book;
  book.mark(six(1), address_trouble::broke, start);
  EXPECT_EQ(line(book, {six(1), four(1), six(2), four(2)}, start), (ids{four(1), six(2), four(2), six(1)}));
}

TEST(address_book, silence_in_both_families_accuses_neither) {
  address_book book;
  book.mark(six(1), address_trouble::silent, start);
  book.mark(four(1), address_trouble::silent, start);
  EXPECT_EQ(line(book, {six(1), four(1), six(2), four(2)}, start), (ids{six(2), four(2), six(1), four(1)}));
}

TEST(address_book, families_of_the_same_bytes_are_two_addresses) {
  address_book book;
  book.mark({6, four(1).bytes}, address_trouble::broke, start);
  EXPECT_EQ(book.rank_of(four(1), start).of, address_book::rank::tier::good);
}

TEST(address_book, link_without_an_address_marks_none) {
  address_book book;
  book.mark({}, address_trouble::silent, start);
  EXPECT_EQ(book.rank_of({}, start).of, address_book::rank::tier::good);
}

TEST(address_book, one_mark_too_many_takes_the_place_of_the_oldest) {
  address_book book;
  for (std::uint8_t i = 0; i < address_book::most; ++i)
    book.mark(four(i), address_trouble::broke, start + std::chrono::milliseconds{i});
  book.mark(four(200), address_trouble::broke, start + 1s);
  EXPECT_EQ(book.rank_of(four(0), start + 1s).of, address_book::rank::tier::good);
  EXPECT_EQ(book.rank_of(four(1), start + 1s).of, address_book::rank::tier::bad);
  EXPECT_EQ(book.rank_of(four(200), start + 1s).of, address_book::rank::tier::bad);
}

// behaviours: A3, A6
TEST(link_health, replies_decide_when_a_link_retires) {
  struct row {
    const char* replies;  ///< w well, e error, g garbage
    bool retires;         ///< after the last one, and not before
  };
  const row rows[] = {
      {"e", true},   {"g", true},     {"w", false},     {"we", false},        {"wee", true},  {"wg", true},
      {"weg", true}, {"wewe", false}, {"wewwe", false}, {"wwwwwwwwee", true}, {"wew", false},
  };
  for (const row& r : rows) {
    SCOPED_TRACE(r.replies);
    link_health health;
    EXPECT_FALSE(health.answered());
    const std::string replies = r.replies;
    for (std::size_t i = 0; i < replies.size(); ++i) {
      const auto what = replies[i] == 'w'   ? link_health::reply::well
                        : replies[i] == 'e' ? link_health::reply::error
                                            : link_health::reply::garbage;
      EXPECT_EQ(health.retires_after(what), r.retires && i + 1 == replies.size()) << i;
      EXPECT_TRUE(health.answered());
    }
  }
}

}  // namespace
}  // namespace ephemint::core

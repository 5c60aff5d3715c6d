#include <ephemint/ephemeral_token.hpp>
#include <ephemint/format.hpp>
#include <ephemint/secret.hpp>

#include <gtest/gtest.h>

#include <new>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

namespace ephemint {
namespace {

using namespace std::chrono_literals;

// behaviours: X4
static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
static_assert(!std::is_copy_constructible_v<ephemeral_token> && !std::is_copy_assignable_v<ephemeral_token>);
static_assert(std::is_nothrow_move_constructible_v<secret> && std::is_nothrow_move_assignable_v<secret>);
static_assert(std::is_nothrow_move_constructible_v<ephemeral_token>);

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST(Secret, reveals_what_it_was_made_of) {
  EXPECT_EQ(secret{"key"}.reveal(), "key");
  EXPECT_EQ((secret{"to", "ken"}.reveal()), "token");
  EXPECT_TRUE(secret{}.empty());
  EXPECT_TRUE(secret{""}.empty());
  EXPECT_EQ(secret{}.reveal(), "");
}

TEST(Secret, moved_from_is_empty) {
  secret first{"key"};
  secret second{std::move(first)};
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(first.reveal(), "");
  first = std::move(second);
  EXPECT_EQ(first.reveal(), "key");
  EXPECT_TRUE(second.empty());
}

TEST(Secret, survives_assignment_to_itself) {
  secret key{"key"};
  secret& same = key;
  key = std::move(same);
  EXPECT_EQ(key.reveal(), "key");
}

TEST(Secret, does_not_print) {  // behaviours: X4
  EXPECT_EQ(printed(secret{"key"}), "[redacted]");
  EXPECT_EQ(printed(secret{}), "[redacted]");
  const ephemeral_token token{"t", "https://u", {}};
  EXPECT_EQ(printed(token), "[redacted]");
  EXPECT_EQ(fmt::format("{}", token), "[redacted]");
  EXPECT_EQ(fmt::format("{:>12}", token), "  [redacted]");
}

TEST(Secret, wipe_overwrites) {  // behaviours: X4
  std::string text = "planted";
  wipe(text.data(), text.size());
  EXPECT_EQ(text, std::string(7, '\0'));
  wipe(nullptr, 0);
}

TEST(Secret, assignment_wipes_what_was_there) {  // behaviours: X4
  secret key{"planted"};
  secret taken{"x"};
  const std::string_view before = key.reveal();
  std::swap(key, taken);  // three moves: what they leave behind is empty, not a copy
  EXPECT_EQ(taken.reveal().data(), before.data());
  EXPECT_EQ(key.reveal(), "x");
}

TEST(EphemeralToken, keeps_value_and_url_apart) {
  const clock::time_point sent{100s};
  ephemeral_token token{"abc", "https://h/?token=abc", sent};
  EXPECT_EQ(token.value(), "abc");
  EXPECT_EQ(token.redirect_url(), "https://h/?token=abc");
  EXPECT_EQ(token.expires_at(), sent + 10s);
  EXPECT_EQ(token.remaining(sent + 3s), 7s);
  EXPECT_EQ(token.remaining(sent + 11s), -1s);
}

TEST(EphemeralToken, moved_from_is_empty) {
  ephemeral_token token{"abc", "https://h/?token=abc", {}};
  const ephemeral_token taken{std::move(token)};
  EXPECT_EQ(taken.value(), "abc");
  EXPECT_EQ(token.value(), "");
  EXPECT_EQ(token.redirect_url(), "");
  EXPECT_EQ(token.login_url().error().value(), mint_errc::invalid_request);
}

}  // namespace
}  // namespace ephemint

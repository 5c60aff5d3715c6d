#include "core/permit_table.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

// behaviours: R9
TEST(permit_table, permit_comes_back_once) {
  permit_table table;
  const permit a = table.put({.debt = 1});
  const permit b = table.put({.debt = 2});
  EXPECT_NE(a.id, b.id);
  EXPECT_NE(a.id, 0u);
  outstanding_permit found;
  ASSERT_TRUE(table.take(a, found));
  EXPECT_EQ(found.debt, 1);
  EXPECT_FALSE(table.take(a, found));
  const permit c = table.put({.debt = 3});  // in a's slot
  EXPECT_FALSE(table.take(a, found)) << "an old permit doesn't take a new one's place";
  ASSERT_TRUE(table.take(c, found));
  EXPECT_EQ(found.debt, 3);
  EXPECT_EQ(table.out(), 1u);
}

TEST(permit_table, unknown_permit_is_nobodys) {
  permit_table table;
  outstanding_permit found;
  EXPECT_FALSE(table.take(permit{}, found));
  EXPECT_FALSE(table.take(permit{~std::uint64_t{0}}, found));
}

}  // namespace
}  // namespace ephemint::core

#include "core/quota/permit_table.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

// behaviours: R9
permit put(permit_table& table, const outstanding_permit& p) {
  table.prepare();
  return table.put(p);
}

TEST(permit_table, permit_comes_back_once) {
  permit_table table;
  const permit a = put(table, {.debt = 1});
  const permit b = put(table, {.debt = 2});
  EXPECT_NE(a.id, b.id);
  EXPECT_NE(a.id, 0u);
  outstanding_permit found;
  ASSERT_TRUE(table.take(a, found));
  EXPECT_EQ(found.debt, 1);
  EXPECT_FALSE(table.take(a, found));
  const permit c = put(table, {.debt = 3});  // in a's slot
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

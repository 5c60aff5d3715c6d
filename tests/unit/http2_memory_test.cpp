#include "net/wire/http2/http2_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace ephemint::net {
namespace {

bool all_are(const void* memory, std::size_t size, char what) {
  const auto* bytes = static_cast<const char*>(memory);
  return std::all_of(bytes, bytes + size, [what](char c) { return c == what; });
}

TEST(Http2Memory, gives_blocks_that_are_aligned_and_apart) {
  http2_memory memory;
  std::vector<void*> blocks;
  for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 238U, 1024U, 1025U, 16384U}) {
    void* const block = memory.allocate(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
    std::memset(block, static_cast<int>(blocks.size()), size);
    blocks.push_back(block);
  }
  EXPECT_TRUE(all_are(blocks[5], 238, 5));
  for (void* const block : blocks) memory.release(block);
}

TEST(Http2Memory, keeps_a_small_block_for_the_next_that_needs_one) {
  http2_memory memory;
  void* const first = memory.allocate(238);
  memory.release(first);
  EXPECT_EQ(memory.kept(), 256U);
  EXPECT_EQ(memory.allocate(200), first);
  EXPECT_EQ(memory.kept(), 0U);
  memory.release(first);
}

TEST(Http2Memory, wipes_what_is_given_back) {
  http2_memory memory;
  void* const block = memory.allocate(200);
  std::memset(block, 'k', 256);
  memory.release(block);
  void* const again = memory.allocate(200);
  ASSERT_EQ(again, block);
  EXPECT_TRUE(all_are(again, 256, '\0'));
  memory.release(again);
}

TEST(Http2Memory, keeps_no_large_block_and_no_more_than_its_bound) {
  http2_memory memory;
  memory.release(memory.allocate(4096));
  EXPECT_EQ(memory.kept(), 0U);
  std::vector<void*> blocks;
  for (int i = 0; i < 200; ++i) blocks.push_back(memory.allocate(1000));
  for (void* const block : blocks) memory.release(block);
  EXPECT_EQ(memory.kept(), http2_memory::most_kept);
}

// A session may be destroyed while another thread uses the lists.
TEST(Http2Memory, keeps_nothing_of_what_is_discarded) {
  http2_memory memory;
  http2_memory::discard(memory.allocate(200));
  http2_memory::discard(memory.allocate(5000));
  http2_memory::discard(nullptr);
  EXPECT_EQ(memory.kept(), 0U);
}

TEST(Http2Memory, moves_what_grows) {
  http2_memory memory;
  void* block = memory.reallocate(nullptr, 64);
  std::memset(block, 'a', 64);
  void* const larger = memory.reallocate(block, 5000);
  EXPECT_NE(larger, block);
  EXPECT_TRUE(all_are(larger, 64, 'a'));
  void* const wiped = memory.allocate(64);
  EXPECT_EQ(wiped, block);
  EXPECT_TRUE(all_are(wiped, 64, '\0'));
  EXPECT_EQ(memory.reallocate(larger, 100), larger);
  memory.release(larger);
  memory.release(wiped);
}

TEST(Http2Memory, zeroes_what_was_used_before) {
  http2_memory memory;
  void* const block = memory.allocate_zeroed(10, 100);
  EXPECT_TRUE(all_are(block, 1000, '\0'));
  memory.release(block);
}

TEST(Http2Memory, has_none_for_what_overflows) {
  http2_memory memory;
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(memory.allocate_zeroed(most / 2, 3), nullptr);
  EXPECT_EQ(memory.allocate(most), nullptr);
  memory.release(nullptr);
}

}  // namespace
}  // namespace ephemint::net

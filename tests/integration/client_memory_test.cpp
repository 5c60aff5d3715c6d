// How often a mint allocates. A program of its own, as it replaces the global operator new.
#include "support/client_run.hpp"

#include <ephemint/observer.hpp>

#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>

namespace {

thread_local long allocations = 0;  // of this thread only: the sandbox's are not ours

}  // namespace

// Asio allocates its operations with this.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  void* memory = nullptr;
  return ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {  // simdjson's, which is freed below
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace ephemint::test {
namespace {

constexpr int warm_up = 50;
constexpr int measured = 200;

/// Not `run_for`, as elsewhere: with that, Asio frees its reusable memory after each step.
template <class Main>
void run_through(Main main) {
  asio::io_context context;
  asio::co_spawn(context, main(), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  context.run();
}

// Asio's own blocks for pending operations count too. At most 4 a mint: each block is time, and one more
// thing that can fail when memory runs out.

/// The blocks that the measured mints take, one after the other.
long blocks_by_callback(std::shared_ptr<observer> seen) {
  const sandbox::server api;
  asio::io_context context;
  auto options = options_for(api);
  options.single_threaded = true;
  options.observer = std::move(seen);
  client c{context.get_executor(), std::move(options)};
  long before = 0;
  int left = warm_up + measured;
  std::function<void()> next = [&] {
    if (left == measured) before = allocations;
    if (left-- == 0) return context.stop();
    c.async_mint({"se-1"}, [&](mint_result r) {
      EXPECT_TRUE(r.has_value());
      next();
    });
  };
  next();
  context.run();
  return allocations - before;
}

TEST(ClientMemory, a_mint_by_callback_takes_two_blocks) {
  // The mint's own state, and the token.
  EXPECT_LE(blocks_by_callback(nullptr), 2 * measured + 5);
}

struct counting_observer final : observer {
  void on_attempt(const attempt_report&) noexcept override { ++attempts; }
  void on_mint(const mint_report&) noexcept override { ++mints; }
  int attempts = 0;
  int mints = 0;
};

// behaviours: O2
TEST(ClientMemory, an_observed_mint_takes_no_block_more) {
  const auto seen = std::make_shared<counting_observer>();
  EXPECT_LE(blocks_by_callback(seen), 2 * measured + 5);
  EXPECT_EQ(seen->mints, warm_up + measured);
  EXPECT_EQ(seen->attempts, warm_up + measured);
}

TEST(ClientMemory, a_mint_that_is_awaited_takes_four_blocks_at_most) {
  const sandbox::server api;
  run_through([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.single_threaded = true;
    client c{co_await asio::this_coro::executor, std::move(options)};
    long before = 0;
    for (int i = 0; i < warm_up + measured; ++i) {
      if (i == warm_up) before = allocations;
      const mint_result r = co_await c.mint({"se-1"});
      EXPECT_TRUE(r.has_value());
    }
    EXPECT_LE(allocations - before, 4 * measured + 5);
  });
}

TEST(ClientMemory, a_stream_takes_three_blocks_a_mint_at_most) {
  const sandbox::server api;
  run_through([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.single_threaded = true;
    client c{co_await asio::this_coro::executor, std::move(options)};
    int given = 0;
    auto results = c.mint_many(account_source{[&given] {
      return given++ < warm_up + measured ? std::optional{account_id{"se-1"}} : std::nullopt;
    }});
    long before = 0;
    int taken = 0;
    while (const auto one = co_await results.next()) {
      EXPECT_TRUE(one->result.has_value());
      if (++taken == warm_up) before = allocations;
    }
    EXPECT_EQ(taken, warm_up + measured);
    // The mint's own state, the token, and a wake-up where Asio has no used block at hand.
    EXPECT_LE(allocations - before, 3 * measured);
  });
}

}  // namespace
}  // namespace ephemint::test

// How often a report allocates. A program of its own, as it replaces the global operator new.
#include <ephemint/log_observer.hpp>
#include <ephemint/metrics.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {

long allocations = 0;
bool fails = false;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = fails ? nullptr : std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace ephemint {
namespace {

using namespace std::chrono_literals;

template <class Call>
long allocations_of(Call call) {
  const long before = allocations;
  call();
  return allocations - before;
}

// behaviours: O2
TEST(metrics_memory, reports_take_none) {
  metrics seen;
  mint_report refused;
  refused.error = mint_errc::rate_limited;
  refused.waited = {1s, 1s, 1s, 1s};
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 100; ++i) {
                seen.on_attempt({});
                seen.on_mint({});
                seen.on_mint(refused);
                seen.on_connection({});
                seen.on_quota({});
              }
            }),
            0);
}

// behaviours: O5
TEST(metrics_memory, lines_that_nobody_wants_take_none) {
  log_observer log{[](severity, std::string_view) {}, severity::warning};
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 100; ++i) {
                log.on_attempt({});
                log.on_mint({});
                log.on_connection({});
              }
            }),
            0);
}

// behaviours: H1
TEST(metrics_memory, without_memory_a_client_is_missing_and_a_line_is_lost) {
  metrics seen;
  log_observer log{[](severity, std::string_view) { FAIL() << "there was memory for a line"; }};
  fails = true;
  seen.on_client({});
  log.on_quota({});
  fails = false;
  EXPECT_FALSE(seen.prometheus_text().empty());
}

}  // namespace
}  // namespace ephemint

// Many mints leave nothing behind. A program of its own, as it replaces the allocators and the socket calls.
#include "support/client_run.hpp"
#include "support/failing_memory.hpp"
#include "support/failing_sockets.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace ephemint::test {
namespace {

constexpr int all_mints = 20'000;
constexpr int mints_a_round = 500;
constexpr int callers = 16;
constexpr std::size_t connections = 4;

/// What the client holds between two rounds, when no mint is under way.
struct held {
  long blocks = 0;
  long sockets = 0;
};

/// Makes so many mints, some at a time, and returns when all have ended.
class round_of_mints {
 public:
  explicit round_of_mints(client& c) : client_{c} {}

  void run(asio::io_context& context) {
    begun_ = ended_ = 0;
    for (int i = 0; i < callers; ++i) ask();
    const auto until = clock::now() + 30s;
    while (ended_ < mints_a_round && clock::now() < until) context.run_one_until(until);
    EXPECT_EQ(ended_, mints_a_round) << "hangs";
  }
  int minted() const noexcept { return minted_; }

 private:
  void ask() {
    if (begun_++ >= mints_a_round) return;
    client_.async_mint({.account = "se-1"}, [this](const mint_result& r) {
      minted_ += r.has_value();
      ++ended_;
      ask();
    });
  }

  client& client_;
  int begun_ = 0;
  int ended_ = 0;
  int minted_ = 0;
};

client_options soak_options(const sandbox::server& api) {
  auto o = options_for(api);
  o.max_connections = connections;
  o.first_backoff = 1ms;
  o.max_backoff = 2ms;
  o.max_attempts = 10;
  o.retry_budget = 1'000'000;
  return o;
}

// behaviours: H6, I2
TEST(Soak, neither_memory_nor_descriptors_grow_after_the_first_quarter) {
  sandbox::server api{faulty({"status=503,every=50", "close=before,every=70", "announce_close,every=40",
                              "reset=inside:30,every=90"})};
  take_part();
  watch_sockets();
  const long blocks_before = live_blocks(allocator::any);
  held early, late;
  {
    asio::io_context context;
    client c{context, soak_options(api)};
    round_of_mints load{c};
    for (int made = 0; made < all_mints; made += mints_a_round) {
      load.run(context);
      held& quarter = made < all_mints / 4 ? early : late;
      quarter.blocks = std::max(quarter.blocks, live_blocks(allocator::any));
      quarter.sockets = std::max(quarter.sockets, sockets_open());
    }
    EXPECT_EQ(load.minted(), all_mints);
    EXPECT_GT(c.stats().dials, 100u) << "connections never went: nothing was shown";
    c.async_close([](const result<void>&) {});
    context.run_for(10s);
    EXPECT_EQ(sockets_open(), 0);
  }
  EXPECT_LE(late.blocks, early.blocks + early.blocks / 20) << "grows";
  EXPECT_LE(late.sockets, static_cast<long>(connections));
  EXPECT_LE(live_blocks(allocator::any) - blocks_before, early.blocks / 20) << "stays behind";
}

}  // namespace
}  // namespace ephemint::test

// Memory that runs out at each moment of a client's life.

#include "support/client_run.hpp"
#include "support/failing_memory.hpp"

#include <ephemint/observer.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::test {
namespace {

/// How memory runs out: the n-th allocation fails, and those behind it up to `in_a_row`.
struct shortage {
  long n = 0;
  allocator which = allocator::ours;
  long in_a_row = 1;
};

/// One client and its calls, on a context of its own, with a sandbox on another thread. Allocates nothing
/// itself between `short_of_memory` and `enough_memory`.
class trial {
 public:
  /// The outcome of one call.
  struct call {
    bool begun = false;    // the initiating function returned
    bool refused = false;  // it threw `std::bad_alloc`
    int told = 0;
    bool minted = false;
    bool over() const { return refused || told > 0; }
  };

  trial(const sandbox::server& api, shortage how, bool single_threaded) : how_{how} {
    options_ = options_for(api);
    options_.single_threaded = single_threaded;
    options_.first_backoff = 1ms;
    options_.max_backoff = 5ms;
  }

  client_options& options() { return options_; }
  client& minter() { return *client_; }
  asio::io_context& context() { return here_; }
  asio::io_context& elsewhere() { return elsewhere_; }
  bool failed() const { return failed_; }
  long taken() const { return allocations_; }

  void short_of_memory() { fail_allocation(how_.n, how_.which, how_.in_a_row); }
  void enough_memory() {
    allocations_ = std::max(allocations_, allocations());
    failed_ = stop_failing() || failed_;
  }

  // --- the client ---
  void make() {
    for (int tries = 0; !client_; ++tries) try {
        ASSERT_LE(tries, how_.in_a_row);
        client_.emplace(here_, options_);
      } catch (const std::bad_alloc&) {
      }
  }
  /// One that has a connection.
  void make_warm() {
    make();
    mint();
    run();
  }
  void destroy() { client_.reset(); }
  void replace_by(client other) { *client_ = std::move(other); }

  // --- calls ---
  template <class Begin>
  call& begin(Begin begin) {
    call& one = calls_.at(made_++);
    try {
      begin(one);
      one.begun = true;
    } catch (const std::bad_alloc&) {
      one.refused = true;
    }
    return one;
  }
  static auto handler_of(call& one) {
    return [&one](const auto& result) {
      ++one.told;
      one.minted = result.has_value();
    };
  }
  call& mint(const mint_request& request = {"se-1"}) {
    return begin([&](call& one) { client_->async_mint(request, handler_of(one)); });
  }
  /// Binds the handler by `bind` first.
  template <class Bind>
  call& mint_bound(Bind bind, const mint_request& request = {"se-1"}) {
    return begin([&](call& one) { client_->async_mint(request, bind(handler_of(one))); });
  }

  /// Makes memory run out only inside a coroutine, as `co_spawn` itself allocates in Asio's code.
  template <class Body>
  void in_coroutine(Body body) {
    bool ended = false;
    const auto main = [this, &body]() -> asio::awaitable<void> {
      auto inner = body();
      short_of_memory();
      co_await std::move(inner);
      enough_memory();
    };
    asio::co_spawn(here_, main(), [&](std::exception_ptr thrown) {
      ended = true;
      EXPECT_FALSE(thrown) << "out of the coroutine";
    });
    run_until([&] { return ended; });
  }

  // --- time ---
  void run() {
    run_until([this] {
      return std::all_of(calls_.begin(), calls_.begin() + static_cast<std::ptrdiff_t>(made_),
                         [](const call& c) { return c.over(); });
    });
  }
  /// Whether the condition holds in time. The contexts may not throw.
  template <class Over>
  void run_until(Over over) {
    const auto limit = clock::now() + 3s;
    while (!over() && clock::now() < limit) try {
        here_.restart();
        here_.run_one_for(2ms);
        elsewhere_.restart();
        elsewhere_.poll();
      } catch (const std::exception& e) {
        enough_memory();
        ADD_FAILURE() << "out of run(): " << e.what();
      }
    if (over()) return;
    enough_memory();
    ADD_FAILURE() << "hangs";
  }
  void run_briefly() {
    here_.restart();
    here_.poll();
  }

  /// Lets memory come back, and checks that the client mints, each call ended once, and nothing is left.
  void end() {
    enough_memory();
    run();
    if (client_ && mints_on_) {
      const call& again = mint();
      run();
      EXPECT_TRUE(again.minted) << "the client mints no more";
    }
    destroy();
    here_.restart();
    here_.run_for(3s);
    EXPECT_TRUE(here_.stopped()) << "work is left";
    elsewhere_.restart();
    elsewhere_.poll();
    for (std::size_t i = 0; i < made_; ++i)
      EXPECT_EQ(calls_[i].told, calls_[i].refused ? 0 : 1)
          << "call " << i << (calls_[i].refused ? ", refused" : "");
  }
  /// It was closed, or is gone.
  void mints_no_more() { mints_on_ = false; }

 private:
  const shortage how_;
  client_options options_;
  asio::io_context here_{1};
  asio::io_context elsewhere_{1};
  std::optional<client> client_;
  std::array<call, 32> calls_{};
  std::size_t made_ = 0;
  bool failed_ = false;
  long allocations_ = 0;
  bool mints_on_ = true;
};

class ClientExhaustion : public testing::Test {
 protected:
  static void SetUpTestSuite() { api_ = new sandbox::server{faulty({"account=se-slow,stall"})}; }
  static void TearDownTestSuite() { delete std::exchange(api_, nullptr); }
  ClientExhaustion() { set_faults(); }
  ~ClientExhaustion() override { take_part(false); }

  sandbox::server& api() { return *api_; }

  /// The faults that each trial meets anew.
  void each_meets(std::vector<std::string> faults) { faults_ = std::move(faults); }

  /// In scenarios in which `co_spawn` begins a coroutine, only one allocation may fail: if Asio can't begin
  /// the coroutine, it allocates once more in the destructor.
  enum class longest { one, five_in_a_row };

  /// Runs the scenario again and again; the first, the second, the third … allocation fails, until none does.
  /// OpenSSL makes too many for that: only a sample of them fails.
  template <class Scenario>
  void each_fails(Scenario scenario, longest most = longest::five_in_a_row) {
    each_fails(scenario, {.which = allocator::ours}, 1, true);
    each_fails(scenario, {.which = allocator::ours}, 1, false);
    if (most == longest::five_in_a_row)  // more than are tried again
      each_fails(scenario, {.which = allocator::ours, .in_a_row = 5}, 3, false);
    const long all = play(scenario, {.which = allocator::openssl}, false).taken;
    each_fails(scenario, {.which = allocator::openssl}, all / 12 + 1, false);
  }
  /// The same, but all later allocations fail as well.
  template <class Scenario>
  void each_fails_for_good(Scenario scenario) {
    each_fails(scenario, {.which = allocator::ours, .in_a_row = 1'000'000}, 1, false);
  }

 private:
  template <class Scenario>
  void each_fails(Scenario& scenario, shortage how, long stride, bool single_threaded) {
    play(scenario, {}, single_threaded);  // what is made once
    bool failed = true;
    for (how.n = 1; failed && !HasFailure(); how.n += stride) {
      SCOPED_TRACE((how.which == allocator::ours ? "ours, " : "OpenSSL's, ") + std::to_string(how.n) +
                   " and " + std::to_string(how.in_a_row - 1) + " more" +
                   (single_threaded ? ", single-threaded" : ""));
      const long before = live_blocks(allocator::ours);
      failed = play(scenario, how, single_threaded).failed;
      ERR_clear_error();
      EXPECT_EQ(live_blocks(allocator::ours), before) << "blocks leaked";
    }
  }

  struct played {
    bool failed = false;
    long taken = 0;
  };
  template <class Scenario>
  played play(Scenario& scenario, shortage how, bool single_threaded) {
    set_faults();
    take_part();
    played what;
    {
      trial one{api(), how, single_threaded};
      scenario(one);
      one.end();
      what = {one.failed(), one.taken()};
    }
    take_part(false);
    return what;
  }
  void set_faults() {
    if (faults_.empty()) return;
    api().clear_faults();
    for (const auto& spec : faults_) api().add_fault(sandbox::parse_fault(spec));
  }

  static inline sandbox::server* api_ = nullptr;
  std::vector<std::string> faults_;
};

// behaviours: H1
TEST_F(ClientExhaustion, client_is_made) {
  each_fails([](trial& t) {
    t.short_of_memory();
    t.make();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, cold_mint) {
  each_fails([](trial& t) {
    t.make();
    t.short_of_memory();
    t.mint();
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, warm_mints) {
  each_fails([](trial& t) {
    t.make_warm();
    t.short_of_memory();
    t.mint();
    t.mint({"se-2"});
    t.mint({"not\nan account"});
    t.run();
  });
}

/// Takes no memory.
struct mint_counter final : observer {
  void on_mint(const mint_report&) noexcept override { ++told; }
  int told = 0;
};

// behaviours: H1, O1
TEST_F(ClientExhaustion, observed_mints_are_each_told_of_once) {
  each_meets({"status=503,nth=2,count=1"});
  each_fails([](trial& t) {
    const auto seen = std::make_shared<mint_counter>();
    t.options().observer = seen;
    t.make_warm();
    t.short_of_memory();
    int begun = 1;
    for (const char* account : {"se-1", "se-2", "not\nan account"}) begun += !t.mint({account}).refused;
    t.run();
    t.enough_memory();
    EXPECT_EQ(seen->told, begun);
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, mint_is_awaited) {
  each_fails([](trial& t) {
    t.make();
    t.in_coroutine([&]() -> asio::awaitable<void> {
      for (int i = 0; i < 2; ++i) try {
          const mint_result minted = co_await t.minter().mint({"se-1"});
          static_cast<void>(minted);
        } catch (const std::bad_alloc&) {
        }
    });
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, mint_that_is_tried_again) {
  each_meets({"status=503,count=1"});
  each_fails([](trial& t) {
    t.make();
    t.short_of_memory();
    t.mint();
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, mint_that_meets_a_stale_connection) {
  each_meets({"cut=before,nth=2,count=1"});
  each_fails([](trial& t) {
    t.make_warm();
    t.short_of_memory();
    t.mint();
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, mint_that_waits_for_the_quota) {
  each_fails([](trial& t) {
    t.options().rate = quota::declared(2, 100ms);
    t.make_warm();
    t.mint();
    t.run();
    t.short_of_memory();
    t.mint();
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, cancelled_mints) {
  each_meets({"account=se-slow,stall"});
  each_fails([](trial& t) {
    t.make_warm();
    std::array<asio::cancellation_signal, 2> signals;
    t.short_of_memory();
    for (auto& signal : signals) {
      t.mint_bound([&](auto handler) { return asio::bind_cancellation_slot(signal.slot(), handler); },
                   {"se-slow"});
      t.run_briefly();
    }
    for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, handlers_on_executors_of_their_own) {
  each_fails([](trial& t) {
    t.make_warm();
    auto strand = asio::make_strand(t.context());
    auto far = t.elsewhere().get_executor();
    t.short_of_memory();
    t.mint_bound([&](auto handler) { return asio::bind_executor(strand, handler); });
    t.mint_bound([&](auto handler) { return asio::bind_executor(far, handler); });
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, warm_up_ends_where_memory_is_gone_for_good) {
  each_fails_for_good([](trial& t) {
    t.make();
    t.short_of_memory();
    t.begin([&](trial::call& one) { t.minter().async_warm_up(2, trial::handler_of(one)); });
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, warm_up_and_close) {
  each_fails([](trial& t) {
    t.make();
    t.mints_no_more();
    t.short_of_memory();
    t.begin([&](trial::call& one) { t.minter().async_warm_up(2, trial::handler_of(one)); });
    t.run();
    t.mint();
    t.begin([&](trial::call& one) { t.minter().async_close(trial::handler_of(one)); });
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, warm_up_and_close_are_awaited) {
  each_fails([](trial& t) {
    t.make();
    t.mints_no_more();
    t.in_coroutine([&]() -> asio::awaitable<void> {
      try {
        static_cast<void>(co_await t.minter().warm_up(1));
      } catch (const std::bad_alloc&) {
      }
      try {
        static_cast<void>(co_await t.minter().close());
      } catch (const std::bad_alloc&) {
      }
    });
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, client_is_destroyed_with_mints_under_way) {
  each_meets({"account=se-slow,stall"});
  each_fails([](trial& t) {
    t.make_warm();
    t.mint({"se-slow"});
    t.mint({"se-slow"});
    t.run_briefly();
    t.mint();
    t.short_of_memory();
    t.destroy();
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, client_is_replaced_with_mints_under_way) {
  each_meets({"account=se-slow,stall"});
  each_fails([](trial& t) {
    t.make_warm();
    t.mint({"se-slow"});
    t.run_briefly();
    t.mint();
    client other{t.context(), t.options()};
    t.short_of_memory();
    t.replace_by(std::move(other));
    t.mint();
    t.run();
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, clients_that_share_a_governor) {
  each_fails([](trial& t) {
    t.options().rate.reset();
    t.options().governor = make_rate_governor(quota::declared(4, 100ms));
    t.make();
    client other{t.context(), t.options()};
    t.short_of_memory();
    t.mint();
    t.begin([&](trial::call& one) { other.async_mint({"se-2"}, trial::handler_of(one)); });
    t.mint({"se-3"});
    t.run();
  });
}

/// Which of a few accounts were read and had a result.
struct roll {
  static constexpr int accounts = 4;
  int given = 0;
  std::array<int, accounts> seen{};
  bool ended = false;

  std::optional<account_id> next() {
    if (given == accounts) return std::nullopt;
    return account_id{std::array{"se-0", "se-1", "se-2", "se-3"}.at(static_cast<std::size_t>(given++))};
  }
  void came(const account_result& one) {
    ++seen.at(static_cast<std::size_t>(one.account.str().back() - '0'));
  }
  void check() const {
    EXPECT_TRUE(ended);
    for (const int times : seen) EXPECT_EQ(times, 1) << "an account was lost, or came twice";
  }
};

template <class Source>
void awaited_stream(trial& t, roll& all, Source source) {
  t.make_warm();
  {
    auto results = t.minter().mint_many(std::move(source), {.in_flight = 2});
    t.in_coroutine([&]() -> asio::awaitable<void> {
      for (int tries = 0; !all.ended && tries < 20; ++tries) try {
          auto one = co_await results.next();
          if (one)
            all.came(*one);
          else
            all.ended = true;
        } catch (const std::bad_alloc&) {
        }
    });
  }
  all.check();
}

template <class Source>
void stream_by_callback(trial& t, roll& all, Source source) {
  t.make_warm();
  {
    auto results = t.minter().mint_many(std::move(source), {.in_flight = 2});
    t.short_of_memory();
    for (int tries = 0; !all.ended && tries < 20; ++tries) {
      t.begin([&](trial::call& one) {
        results.async_next([&](std::exception_ptr thrown, std::optional<account_result> result) {
          ++one.told;
          if (thrown) return;
          if (result)
            all.came(*result);
          else
            all.ended = true;
        });
      });
      t.run();
    }
    t.enough_memory();
  }
  all.check();
}

// behaviours: H1
TEST_F(ClientExhaustion, stream_of_a_function_is_awaited) {
  each_fails([](trial& t) {
    roll all;
    awaited_stream(t, all, [&all] { return all.next(); });
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, stream_of_a_coroutine_is_awaited) {
  each_fails(
      [](trial& t) {
        roll all;
        awaited_stream(t, all,
                       [&all]() -> asio::awaitable<std::optional<account_id>> { co_return all.next(); });
      },
      longest::one);
}

// behaviours: H1
TEST_F(ClientExhaustion, stream_of_a_function_by_callback) {
  each_fails([](trial& t) {
    roll all;
    stream_by_callback(t, all, [&all] { return all.next(); });
  });
}

// behaviours: H1
TEST_F(ClientExhaustion, stream_of_a_coroutine_by_callback) {
  each_fails(
      [](trial& t) {
        roll all;
        stream_by_callback(t, all,
                           [&all]() -> asio::awaitable<std::optional<account_id>> { co_return all.next(); });
      },
      longest::one);
}

// behaviours: H1
TEST_F(ClientExhaustion, stream_that_is_dropped) {
  each_meets({"account=se-3,stall"});
  each_fails(
      [](trial& t) {
        roll all;
        t.make_warm();
        t.short_of_memory();
        std::optional<mint_stream> results;
        const auto source = [&all]() -> asio::awaitable<std::optional<account_id>> { co_return all.next(); };
        try {
          results.emplace(t.minter().mint_many(source));
        } catch (const std::bad_alloc&) {
          return;
        }
        t.begin(
            [&](trial::call& one) { results->async_next([&](const auto&, const auto&) { ++one.told; }); });
        t.run();
        results.reset();
        t.run_briefly();
      },
      longest::one);
}

}  // namespace
}  // namespace ephemint::test

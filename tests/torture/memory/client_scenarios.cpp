// What a client does while memory runs out.

#include "trial.hpp"

#include <ephemint/log_observer.hpp>
#include <ephemint/metrics.hpp>
#include <ephemint/observers.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <vector>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

void client_is_made(trial& t) {
  t.short_of_memory();
  t.make();
}

void cold_mint(trial& t) {
  t.make();
  t.short_of_memory();
  t.mint();
  t.run();
}

void warm_mints(trial& t) {
  t.make_warm();
  t.short_of_memory();
  for (const char* account : {"se-1", "se-2", "not\nan account", "se-3"}) t.mint(account);
  t.run();
}

void mint_is_awaited(trial& t) {
  t.make();
  t.in_coroutine([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 2; ++i) try {
        const mint_result minted = co_await t.minter->mint({"se-1"});
        static_cast<void>(minted);
      } catch (const std::bad_alloc&) {
      }
  });
}

void mint_that_meets_a_503(trial& t) {
  t.make_warm();
  t.short_of_memory();
  t.mint("se-503");
  t.mint("se-503");
  t.run();
}

void mint_that_meets_a_429(trial& t) {
  t.make_warm();
  t.short_of_memory();
  t.mint("se-429");
  t.mint("se-1");
  t.run();
}

void mint_that_meets_a_refused_key(trial& t) {
  t.make_warm();
  t.short_of_memory();
  for (int i = 0; i < 4; ++i) t.mint("se-401");
  t.run();
}

void mint_that_meets_a_stale_connection(trial& t) {
  t.make_warm();
  t.short_of_memory();
  t.mint("se-cut");
  t.run();
  t.mint("se-cut");
  t.run();
}

void mint_that_waits_for_the_quota(trial& t) {
  t.options.rate = quota::declared(2, 100ms);
  t.make_warm();
  t.mint();
  t.run();
  t.short_of_memory();
  t.mint();
  t.run();
}

void mint_that_has_no_time(trial& t) {
  t.make_warm();
  t.short_of_memory();
  t.mint(mint_request{.account = "se-slow", .deadline = 40ms});
  t.mint(mint_request{.account = "se-slow", .deadline = 20ms});
  t.run();
}

void patient_mint_in_an_outage(trial& t) {
  t.make_warm();
  t.short_of_memory();
  t.mint(mint_request{.account = "se-reset", .deadline = no_deadline, .outage_patience = 250ms});
  t.run_in_want(300ms);
}

void resumed_session(trial& t) {
  t.make_warm();
  t.mint("se-close");
  t.run();
  t.short_of_memory();
  t.mint();
  t.run();
}

void cancelled_mints(trial& t) {
  t.make_warm();
  std::array<asio::cancellation_signal, 2> signals;
  t.short_of_memory();
  for (auto& signal : signals) {
    t.begin([&](trial::call& one) {
      t.minter->async_mint({"se-slow"}, asio::bind_cancellation_slot(signal.slot(), trial::handler_of(one)));
    });
    t.run_briefly();
  }
  for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
  t.run();
  t.mint();
  t.run();
}

/// A warm-up has no deadline, but ends nevertheless.
void warm_up(trial& t) {
  t.make();
  t.short_of_memory();
  t.begin([&](trial::call& one) { t.minter->async_warm_up(3, trial::handler_of(one)); });
  t.run();
}

void close_with_a_mint_under_way(trial& t) {
  t.make_warm();
  t.mints_no_more();
  t.short_of_memory();
  t.mint();
  t.begin([&](trial::call& one) { t.minter->async_close(trial::handler_of(one)); });
  t.run();
}

void destruction_with_mints_under_way(trial& t) {
  t.make_warm();
  t.mint("se-slow");
  t.mint("se-slow");
  t.run_briefly();
  t.mint();
  t.short_of_memory();
  t.minter.reset();
  t.run();
}

void rotated_key(trial& t) {
  t.make_warm();
  secret second{t.around.second_key};
  t.short_of_memory();
  t.mint("se-1");
  try {
    t.minter->set_api_key(std::move(second));
  } catch (const std::bad_alloc&) {
  }
  t.mint("se-2");
  t.run();
  t.mint("se-3");
  t.run();
}

void observed_mints(trial& t) {
  const auto counted = std::make_shared<metrics>();
  const auto told = std::make_shared<log_observer>([](severity, std::string_view) {}, severity::debug);
  t.options.observer = std::make_shared<observers>(std::vector<std::shared_ptr<observer>>{counted, told});
  t.make_warm();
  t.short_of_memory();
  for (const char* account : {"se-1", "se-503", "not\nan account"}) t.mint(account);
  t.run();
  try {
    static_cast<void>(counted->prometheus_text());
  } catch (const std::bad_alloc&) {
  }
}

void hedged_mint(trial& t) {
  t.options.hedge = true;
  t.make_warm();
  for (int i = 0; i < 55; ++i) {
    t.mint();
    t.run();
  }
  t.short_of_memory();
  t.mint("se-late");
  t.run();
}

void through_a_proxy(trial& t) {
  t.options.proxy = t.around.proxy;
  t.make();
  t.short_of_memory();
  t.mint();
  t.run();
}

void shared_governor(trial& t) {
  t.options.rate.reset();
  t.options.governor = make_rate_governor(quota::declared(4, 100ms));
  t.make();
  client other{t.here, t.options};
  t.short_of_memory();
  t.mint();
  t.begin([&](trial::call& one) { other.async_mint({"se-2"}, trial::handler_of(one)); });
  t.mint("se-3");
  t.run();
}

void many_accounts(trial& t) {
  t.options.rate = quota::declared(50, 1s);
  t.options.scope = quota_scope::per_account;
  t.make_warm();
  t.short_of_memory();
  std::array<char, 16> name{"se-m"};
  for (int i = 0; i < 40; ++i) {
    *std::to_chars(name.data() + 4, name.data() + name.size() - 1, i).ptr = '\0';
    t.mint(name.data());
  }
  t.run();
}

/// Which of a few accounts were read and had a result.
struct roll {
  static constexpr std::array<const char*, 4> accounts{"se-0", "se-1", "se-2", "se-3"};
  std::size_t given = 0;
  std::array<int, accounts.size()> seen{};
  bool ended = false;

  std::optional<account_id> next() {
    if (given == accounts.size()) return std::nullopt;
    return account_id{accounts.at(given++)};
  }
  void came(const account_result& one) {
    ++seen.at(static_cast<std::size_t>(one.account.str().back() - '0'));
  }
  void check() const {
    if (!ended) complain("the stream didn't end");
    for (const int times : seen)
      if (times != 1) complain("an account was lost, or came twice");
  }
};

void stream_by_callback(trial& t) {
  roll all;
  t.make_warm();
  {
    auto results = t.minter->mint_many([&all] { return all.next(); }, {.in_flight = 2, .deadline = 2s});
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
      if (tries == 10) t.enough_memory();  // a stream has to end when there is memory again
    }
    t.enough_memory();
  }
  all.check();
}

void stream_is_awaited(trial& t) {
  roll all;
  t.make_warm();
  {
    auto results = t.minter->mint_many([&all] { return all.next(); }, {.in_flight = 2, .deadline = 2s});
    t.in_coroutine([&]() -> asio::awaitable<void> {
      for (int tries = 0; !all.ended && tries < 20; ++tries) {
        if (tries == 10) t.enough_memory();
        try {
          auto one = co_await results.next();
          if (one)
            all.came(*one);
          else
            all.ended = true;
        } catch (const std::bad_alloc&) {
        }
      }
    });
  }
  all.check();
}

void stream_that_is_dropped(trial& t) {
  roll all;
  t.make_warm();
  t.short_of_memory();
  std::optional<mint_stream> results;
  try {
    results.emplace(t.minter->mint_many([&all] { return all.next(); }, {.deadline = 300ms}));
  } catch (const std::bad_alloc&) {
    return;
  }
  t.begin([&](trial::call& one) { results->async_next([&](const auto&, const auto&) { ++one.told; }); });
  t.run();
  results.reset();
  t.run_briefly();
}

}  // namespace

const scenario client_scenarios[] = {
    {"client_is_made", client_is_made},
    {"cold_mint", cold_mint},
    {"warm_mints", warm_mints},
    {"mint_is_awaited", mint_is_awaited},
    {"mint_that_meets_a_503", mint_that_meets_a_503},
    {"mint_that_meets_a_429", mint_that_meets_a_429},
    {"mint_that_meets_a_refused_key", mint_that_meets_a_refused_key},
    {"mint_that_meets_a_stale_connection", mint_that_meets_a_stale_connection},
    {"mint_that_waits_for_the_quota", mint_that_waits_for_the_quota},
    {"mint_that_has_no_time", mint_that_has_no_time},
    {"patient_mint_in_an_outage", patient_mint_in_an_outage},
    {"resumed_session", resumed_session},
    {"cancelled_mints", cancelled_mints},
    {"warm_up", warm_up},
    {"close_with_a_mint_under_way", close_with_a_mint_under_way},
    {"destruction_with_mints_under_way", destruction_with_mints_under_way},
    {"rotated_key", rotated_key},
    {"observed_mints", observed_mints},
    {"hedged_mint", hedged_mint},
    {"through_a_proxy", through_a_proxy},
    {"shared_governor", shared_governor},
    {"many_accounts", many_accounts},
    {"stream_by_callback", stream_by_callback},
    {"stream_is_awaited", stream_is_awaited},
    {"stream_that_is_dropped", stream_that_is_dropped},
    {nullptr, nullptr}};

}  // namespace ephemint::torture

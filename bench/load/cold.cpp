#include "cold.hpp"

#include "harness/asio_minter.hpp"
#include "harness/units.hpp"
#include "minters/minters.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace ephemint::bench {
namespace {

asio::awaitable<void> warm(client& c) {
  const auto up = co_await c.warm_up(1);
  up.value();
}

constexpr std::size_t warm_mints = 20;
constexpr std::size_t rested_mints = 3;
// A program that warms up at its start mints later, and not just after the handshake, while the server still
// works on its end.
constexpr std::chrono::milliseconds moment{20};

client_options one_connection(const server_address& server) {
  return options_for({.server = server, .connections = 1});
}

asio::awaitable<std::chrono::nanoseconds> timed_mint(client& c) {
  const auto begin = clock::now();
  const mint_result minted = co_await c.mint({.account = "se-1"});
  const auto time = clock::now() - begin;
  if (!minted) throw mint_exception{minted.error()};
  co_return time;
}

asio::awaitable<void> cold_round(client& c, cold_result& r) {
  const auto time = co_await timed_mint(c);
  r.cold.record(time);
}

asio::awaitable<void> warmed_round(client& c, cold_result& r) {
  const auto begin = clock::now();
  co_await warm(c);
  r.warm_up.record(clock::now() - begin);
  const auto first = co_await timed_mint(c);
  r.first.record(first);
  for (std::size_t i = 0; i < warm_mints; ++i) {
    const auto later = co_await timed_mint(c);
    r.warm.record(later);
  }
}

asio::awaitable<void> rest() {
  asio::steady_timer timer{co_await asio::this_coro::executor, moment};
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> rested_round(client& c, cold_result& r) {
  co_await warm(c);
  co_await rest();
  const auto first = co_await timed_mint(c);
  r.rested_first.record(first);
  for (std::size_t i = 0; i < rested_mints; ++i) {
    co_await rest();
    const auto later = co_await timed_mint(c);
    r.rested_warm.record(later);
  }
}

asio::awaitable<void> mint_so_many(client& c, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) co_await timed_mint(c);
}

/// One client's CPU time for each of so many mints.
std::chrono::nanoseconds cpu_of(const server_address& server, bool resume, std::size_t count) {
  asio::io_context context{1};
  client_options options = one_connection(server);
  options.resume_sessions = resume;
  client c{context.get_executor(), std::move(options)};
  run_alone(context, warm(c));
  const auto before = process_figures::now();
  run_alone(context, mint_so_many(c, count));
  return (process_figures::now() - before).cpu() / static_cast<std::int64_t>(count);
}

std::chrono::nanoseconds median(std::vector<std::chrono::nanoseconds> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void measure_first_mints(const server_address& server, cold_result& r) {
  for (std::size_t i = 0; i < r.rounds; ++i) {
    asio::io_context context{1};
    client cold{context.get_executor(), one_connection(server)};
    run_alone(context, cold_round(cold, r));
    client warmed{context.get_executor(), one_connection(server)};
    run_alone(context, warmed_round(warmed, r));
    client rested{context.get_executor(), one_connection(server)};
    run_alone(context, rested_round(rested, r));
  }
}

/// The medians over turns, as noise varies. With a server that closes after each reply, each mint needs a new
/// handshake.
void measure_handshakes(sandbox_process& api, cold_result& r, std::size_t mints) {
  constexpr int turns = 5;
  std::vector<std::chrono::nanoseconds> warm, full, resumed;
  for (int turn = 0; turn < turns; ++turn) {
    warm.push_back(cpu_of(api.address(), true, mints));
    api.add_fault("announce_close");
    full.push_back(cpu_of(api.address(), false, mints));
    resumed.push_back(cpu_of(api.address(), true, mints));
    api.clear_faults();
  }
  r.warm_cpu = median(warm);
  r.full_cpu = median(full) - r.warm_cpu;
  r.resumed_cpu = median(resumed) - r.warm_cpu;
}

double ratio(const histogram& a, const histogram& b) {
  return static_cast<double>(a.percentile(50).count()) / static_cast<double>(b.percentile(50).count());
}

}  // namespace

cold_result run_cold(api_under_load& api, bool short_round) {
  cold_result r;
  r.rounds = short_round ? 20 : 300;
  if (api.sandbox()) {
    api.sandbox()->clear_faults();
    api.sandbox()->set_limit(quota::unlimited());
  }
  measure_first_mints(api.address(), r);
  if (api.sandbox()) measure_handshakes(*api.sandbox(), r, short_round ? 30 : 500);
  return r;
}

std::string text_of(const cold_result& r) {
  return fmt::format(
      "cold (ephemint): the first mint of {} clients, at a server that answers at once\n"
      "  median      cold {:.2f} ms, after warm_up {:.2f} ms, warm {:.2f} ms; warm_up itself {:.2f} ms\n"
      "  20 ms apart first after warm_up {:.2f} ms, later ones {:.2f} ms\n"
      "  ratios      cold / (warm + warm_up) {:.2f}, after warm_up / warm {:.2f}, 20 ms apart {:.2f}\n"
      "  handshake   full {:.0f} µs CPU, resumed {:.0f} µs: {:.2f} of it; a warm mint takes {:.0f} µs\n",
      r.rounds, ms(r.cold.percentile(50)), ms(r.first.percentile(50)), ms(r.warm.percentile(50)),
      ms(r.warm_up.percentile(50)), ms(r.rested_first.percentile(50)), ms(r.rested_warm.percentile(50)),
      ms(r.cold.percentile(50)) / ms(r.warm.percentile(50) + r.warm_up.percentile(50)),
      ratio(r.first, r.warm), ratio(r.rested_first, r.rested_warm), us(r.full_cpu), us(r.resumed_cpu),
      us(r.resumed_cpu) / us(r.full_cpu), us(r.warm_cpu));
}

json_object json_of(const cold_result& r) {
  return json_object{}
      .add("scenario", "cold")
      .add("rounds", r.rounds)
      .add("cold_ms", json_of(r.cold))
      .add("warm_up_ms", json_of(r.warm_up))
      .add("first_after_warm_up_ms", json_of(r.first))
      .add("warm_ms", json_of(r.warm))
      .add("first_after_warm_up_to_warm", ratio(r.first, r.warm))
      .add("first_20ms_after_warm_up_ms", json_of(r.rested_first))
      .add("warm_20ms_apart_ms", json_of(r.rested_warm))
      .add("first_to_warm_20ms_apart", ratio(r.rested_first, r.rested_warm))
      .add("warm_mint_cpu_us", us(r.warm_cpu))
      .add("full_handshake_cpu_us", us(r.full_cpu))
      .add("resumed_handshake_cpu_us", us(r.resumed_cpu))
      .add("versions", json_of_versions());
}

void write(const results_directory& directory, const cold_result& r) {
  directory.write("cold.json", json_of(r).text() + '\n');
}

}  // namespace ephemint::bench

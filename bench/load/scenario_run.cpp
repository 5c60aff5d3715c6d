#include "scenario_run.hpp"

#include "harness/open_loop.hpp"
#include "minters/minters.hpp"

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;

/// Longer than any call may take: a call that isn't answered by then never will be.
constexpr std::chrono::milliseconds patience = 180s;

bool troubled_from_the_start(const server_behaviour& b) { return !b.trouble.empty() && b.trouble_from == 0s; }

void prepare(sandbox_process& api, const scenario& s) {
  api.clear_faults();
  api.set_limit(s.server.limited ? s.rate : quota::unlimited());
  if (!s.server.delay.empty()) api.add_fault(s.server.delay);
  if (troubled_from_the_start(s.server)) api.add_fault(s.server.trouble);
  api.forget();
}

void add_trouble(open_loop& loop, sandbox_process& api, const server_behaviour& b) {
  if (b.trouble.empty()) return;
  if (!troubled_from_the_start(b)) loop.add({b.trouble_from, [&api, &b] { api.add_fault_soon(b.trouble); }});
  loop.add({b.trouble_to, [&api, &b] {
              api.clear_faults_soon();
              if (!b.delay.empty()) api.add_fault_soon(b.delay);
            }});
}

minter_pointer make_client(const scenario& s, const server_address& server, client_kind kind) {
  constexpr std::size_t usual_streams = 100;
  const minter_settings settings{.server = server,
                                 .connections = s.connections,
                                 .streams = kind == client_kind::ephemint_http2 ? usual_streams : 0,
                                 .rate = s.rate,
                                 .hedge = s.hedge,
                                 .deadline = s.deadline};
  return kind == client_kind::naive ? make_naive(settings) : make_ephemint(settings);
}

}  // namespace

std::string_view name_of(client_kind kind) noexcept {
  switch (kind) {
    case client_kind::ephemint:
      return "ephemint";
    case client_kind::ephemint_http2:
      return "ephemint-h2";
    case client_kind::naive:
      break;
  }
  return "naive";
}

scenario_result run_scenario(const scenario& s, api_under_load& api, client_kind kind) {
  const auto arrivals = make_schedule(s.calls, s.length);
  const auto accounts = make_accounts(s.calls.accounts);
  const auto batch = make_accounts(s.batch);
  if (api.sandbox()) prepare(*api.sandbox(), s);

  const auto client = make_client(s, api.address(), kind);
  open_loop loop{*client, arrivals, accounts, {s.deadline, s.callers, patience}};
  loop.add_batch(batch);
  if (api.sandbox()) add_trouble(loop, *api.sandbox(), s.server);
  if (s.warm) client->warm_up();

  forget_peak_memory();
  const auto before = process_figures::now();
  loop.run();
  const auto used = process_figures::now() - before;
  scenario_result result{.asked = s,
                         .client = std::string{name_of(kind)},
                         .calls = loop.of_calls(),
                         .batch = loop.of_batch(),
                         .time = loop.time(),
                         .batch_time = loop.batch_time(),
                         .did = client->counts(),
                         .used = used,
                         .peak_memory_kib = peak_memory_kib()};
  if (api.sandbox()) result.seen = api.sandbox()->view();
  return result;
}

}  // namespace ephemint::bench

// Idle clients, each with its own key: the cost of one more.
#include <ephemint/client.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <fstream>
#include <string>

#include <unistd.h>

namespace {

using namespace ephemint;

double resident_kib() {
  std::ifstream figures{"/proc/self/statm"};
  double size = 0, resident = 0;
  figures >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

client_options options_with_key(int n) {
  client_options options;
  options.api_key = secret{"TEST_key-" + std::to_string(n)};
  return options;
}

/// With the system's authorities. It runs only once, as a second run would reuse freed memory.
void clients_of_many_keys(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  boost::asio::io_context context;
  std::deque<client> clients;
  clients.emplace_back(context, options_with_key(0));  // makes what is made only once
  const double before = resident_kib();
  for (auto _ : state)
    for (int i = 1; i <= count; ++i) clients.emplace_back(context, options_with_key(i));
  state.SetItemsProcessed(count);
  state.counters["KiB/client"] = (resident_kib() - before) / count;
}
BENCHMARK(clients_of_many_keys)->Arg(1000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

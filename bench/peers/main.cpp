// Compares what a mint costs with Ephemint and with other clients. See bench/README.md.

#include "common/nginx.hpp"
#include "compare.hpp"
#include "harness/program.hpp"
#include "run_client.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace ephemint::bench;

struct arguments {
  bool compare = false;
  std::string client;  ///< to be run in this process
  std::string base_url;
  std::string ca_file;
  std::uint64_t warm_up = 0;
  double seconds = 0;  ///< of the open loop
  int load_time = 2;   ///< in seconds
  comparison what = {};
};

void add_options(CLI::App& app, arguments& to) {
  comparison& what = to.what;
  auto* const mode = app.add_option_group("mode")->require_option(1);
  mode->add_flag("--compare", to.compare, "Run all clients turn by turn and print a table");
  mode->add_option("--run", to.client, "Run one client in this process and print a line of JSON");

  app.add_option("--turns", what.turns, "Turns of a comparison")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--mints", what.much.mints, "Mints of one run")
      ->check(CLI::Range(std::uint64_t{10}, std::uint64_t{100'000'000}))
      ->capture_default_str();
  app.add_option("--connections", what.connections,
                 "Connections at once, of a comparison several: 1,16,64,256")
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}))
      ->capture_default_str();
  app.add_option("--rate", what.much.rate, "Open loop: mints a second on a schedule; 0: as fast as it goes")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--seconds", to.seconds, "The open loop's length, instead of --mints")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--load-time", to.load_time, "Seconds of one run of wrk and h2load")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("--clients", what.clients, "The clients of a comparison; all by default")->delimiter(',');
  app.add_option("--out", what.json_file, "Where a comparison writes every run, as JSON");
  app.add_option("--table", what.table_file, "Where it writes the figures for bench/plots/cpu.gp");

  app.add_option("--base-url", to.base_url, "For --run: the server; an nginx of its own by default");
  app.add_option("--ca-file", to.ca_file, "For --run: the authority to trust, in PEM");
  app.add_option("--warm-up", to.warm_up, "For --run: mints before those that are measured")
      ->capture_default_str();
}

void check(arguments& given) {
  if (given.base_url.empty() != given.ca_file.empty())
    throw CLI::ValidationError{"--base-url", "it needs --ca-file, and --ca-file needs it"};
  if (!given.compare && given.what.connections.size() != 1) {
    if (given.what.connections != comparison{}.connections)
      throw CLI::ValidationError{"--connections", "--run takes one number"};
    given.what.connections = {minter_settings{}.connections};
  }
  given.what.load_time = std::chrono::seconds{given.load_time};
  if (given.seconds != 0) {
    if (given.what.much.rate == 0) throw CLI::ValidationError{"--seconds", "it needs --rate"};
    given.what.much.mints = static_cast<std::uint64_t>(given.what.much.rate * given.seconds);
  }
}

const known_minter& find_client(const std::string& name) {
  std::string names;
  for (const known_minter& m : known_minters()) {
    if (m.name == name) return m;
    names += fmt::format(" {}", m.name);
  }
  throw std::invalid_argument{fmt::format("--run: there is no \"{}\"; give one of{}", name, names)};
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.empty()) throw std::invalid_argument{fmt::format("--ca-file: {} can't be read", path)};
  return text;
}

bool run(const arguments& given) {
  const known_minter& client = find_client(given.client);
  minter_settings where{.server = {given.base_url, std::string{api_key}, {}},
                        .connections = given.what.connections.front()};
  std::optional<nginx> own_server;
  if (given.base_url.empty()) {
    own_server.emplace();
    where.server.base_url = client.http2 ? own_server->http2_base_url() : own_server->base_url();
  }
  where.server.authority_pem = read_file(own_server ? own_server->ca_file() : given.ca_file);
  amount much = given.what.much;
  much.warm_up = given.warm_up;
  fmt::print("{}\n", json_of(run_client(client, where, much)).text());
  return true;
}

}  // namespace

int main(int count, char** values) {
  CLI::App app{"Side by side: what a mint costs with Ephemint, and with what one would use instead."};
  arguments given;
  add_options(app, given);
  return run_program("bench_peers", [&] {
    try {
      app.parse(count, values);
    } catch (const CLI::CallForHelp& help) {
      return app.exit(help);
    }
    check(given);
    return (given.compare ? compare(given.what) : run(given)) ? 0 : 1;
  });
}

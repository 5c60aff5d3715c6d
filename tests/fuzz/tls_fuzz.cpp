// Any bytes from a TLS server before it has authenticated itself: no crash, no unbounded buffering, and the
// handshake succeeds only if the server is the right one, and both sides have seen the same bytes.
//
// Input: a byte that says who speaks (0: the input alone; 1: a right server with TLS 1.3, 2: with 1.2, 3: one
// that others vouch for), a byte that gives the pieces' size; then what the server says, or how each of its
// flights is changed: entries of three bytes, what is done and where.

#include "fuzz/bytes.hpp"
#include "net/dial/tls.hpp"
#include "support/memory_tls_server.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace ephemint;
using fuzz::decisions;
using fuzz::require;
using net::tls_status;

/// OpenSSL reads a record at a time, and its longest handshake message is bounded.
constexpr std::size_t most_output = 64 * 1024;

struct world {
  world() {
    const test::identity root = test::make_root(), stranger = test::make_root("A stranger");
    trust = std::make_shared<net::tls_basis>(
        net::endpoint_settings{.host = "api.test", .system_authorities = false, .authority_pem = root.pem()});
    const test::identity shown = test::issue(root, {});
    servers[0] = test::make_server_context({.shown = shown, .least_version = TLS1_3_VERSION});
    servers[1] = test::make_server_context({.shown = shown, .greatest_version = TLS1_2_VERSION});
    servers[2] = test::make_server_context({.shown = test::issue(stranger, {}), .chain = {stranger}});
  }
  std::shared_ptr<net::tls_basis> trust;
  std::array<test::openssl_pointer<SSL_CTX>, 3> servers;
};

/// Changes a flight as an attacker in between could. Returns whether it changed.
bool change(std::string& flight, decisions& how) {
  const std::string before = flight;
  for (auto times = how.byte() % 4; how.left() && times > 0 && !flight.empty(); --times) {
    const auto what = how.byte();
    const std::size_t at = how.below(flight.size());
    switch (what % 5) {
      case 0:
        flight[at] = static_cast<char>(flight[at] ^ static_cast<char>(1 + what / 5));
        break;
      case 1:
        flight.erase(at, 1 + what / 5);
        break;
      case 2:
        flight.resize(at);
        break;
      case 3:
        flight.insert(at, flight.substr(at, 1 + what / 5));
        break;
      case 4:
        flight.insert(at, flight);
        break;
    }
  }
  return flight != before;
}

void check_failure(const net::tls_session& client) {
  const std::string_view said = client.problem().message.view();
  require(!said.empty() && said.size() <= 1024 && fuzz::is_clean(said));
}

tls_status give(net::tls_session& client, std::string_view bytes, std::size_t piece) {
  tls_status now = tls_status::need_input;
  for (; now == tls_status::need_input && !bytes.empty();
       bytes.remove_prefix(std::min(piece, bytes.size()))) {
    client.feed(bytes.substr(0, piece));
    now = client.handshake();
    require(client.output().size() <= most_output);
  }
  if (now == tls_status::failed) check_failure(client);
  return now;
}

void alone(world& known, std::string_view bytes, std::size_t piece) {
  net::tls_context context{{.host = "api.test"}, known.trust};
  net::tls_session client{context};
  require(client.handshake() == tls_status::need_input);
  require(give(client, bytes, piece) != tls_status::done);
}

void with_server(world& known, SSL_CTX& shown, bool believed, decisions how, std::size_t piece) {
  net::tls_context context{{.host = "api.test"}, known.trust};
  net::tls_session client{context};
  test::memory_tls_server server{shown};
  tls_status now = client.handshake();
  bool changed = false;
  for (int turn = 0; turn < 6 && now == tls_status::need_input; ++turn) {
    server.receive(std::exchange(client.output(), {}));
    std::string flight = server.take();
    changed = change(flight, how) || changed;
    now = give(client, flight, piece);
  }
  require(now != tls_status::done || believed);
  require(changed || !believed || now == tls_status::done);
  if (now != tls_status::done) return;
  server.receive(std::exchange(client.output(), {}));
  require(server.shaken());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static world known;
  if (size < 2) return 0;
  const unsigned who = data[0] % 4;
  const std::size_t piece = data[1] == 0 ? 1 << 16 : data[1];
  if (who == 0)
    alone(known, {reinterpret_cast<const char*>(data) + 2, size - 2}, piece);
  else
    with_server(known, *known.servers[who - 1], who != 3, decisions{data + 2, size - 2}, piece);
  return 0;
}

// What a handshake costs the client: full, and resumed. Only the client's own steps are timed.
#include "memory_tls_server.hpp"
#include "net/dial/tls.hpp"
#include "test_authority.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace ephemint;
using namespace ephemint::net;

/// CPU time of this thread between `start` and `stop`, added up.
class stopwatch {
 public:
  void start() { began_ = now(); }
  void stop() { total_ += now() - began_; }
  double seconds() const { return total_; }

 private:
  static double now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
  double began_ = 0;
  double total_ = 0;
};

/// One handshake; the client keeps the tickets that come after it. Returns the client's seconds.
double shake_hands(tls_context& context, SSL_CTX& server_context, bool& resumed) {
  stopwatch watch;
  watch.start();
  std::optional<tls_session> client{std::in_place, context};
  tls_status status = client->handshake();
  watch.stop();
  test::memory_tls_server server{server_context};
  while (status == tls_status::need_input) {
    server.receive(std::exchange(client->output(), {}));
    const std::string answer = server.take();
    watch.start();
    client->feed(answer);
    status = client->handshake();
    watch.stop();
  }
  server.receive(std::exchange(client->output(), {}));
  const std::string tickets = server.take();
  char plain[64];
  watch.start();
  client->feed(tickets);
  client->decrypt(plain);
  resumed = client->resumed();
  client.reset();
  watch.stop();
  return watch.seconds();
}

void handshake(benchmark::State& state, bool resume) {
  const test::identity root = test::make_root();
  const auto server_context = test::make_server_context({.shown = test::issue(root, {})});
  const endpoint_settings settings{.host = "localhost",
                                   .system_authorities = false,
                                   .authority_pem = root.pem(),
                                   .resume_sessions = resume};
  tls_context context{settings};
  bool resumed = false;
  if (resume) shake_hands(context, *server_context, resumed);
  for (auto _ : state) {
    state.SetIterationTime(shake_hands(context, *server_context, resumed));
    if (resumed != resume) return state.SkipWithError("the handshake wasn't of its kind");
  }
}
void handshake_full(benchmark::State& state) { handshake(state, false); }
void handshake_resumed(benchmark::State& state) { handshake(state, true); }
BENCHMARK(handshake_full)->UseManualTime();
BENCHMARK(handshake_resumed)->UseManualTime();

}  // namespace

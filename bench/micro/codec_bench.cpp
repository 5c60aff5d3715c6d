// Between bytes and meaning: requests, replies, login URLs.
#include "codec/reply.hpp"
#include "codec/request.hpp"
#include "common/allocations.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace ephemint;
using namespace ephemint::detail;

const std::string token(400, 'x');
const std::string redirect = "https://dashboard.shipengine.com/api/directlogin?token=" + token;

/// Counts the allocations of the loop around which it is made.
class counted {
 public:
  explicit counted(benchmark::State& state) : state_{state}, before_{bench::allocations()} {}
  ~counted() {
    state_.counters["allocations"] = benchmark::Counter(static_cast<double>(bench::allocations() - before_),
                                                        benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  std::uint64_t before_;
};

void read_replies(benchmark::State& state, int status, std::string body) {
  reply_reader reader{{{"dashboard.shipengine.com"}, {}}};
  const std::size_t size = body.size();
  body.resize(size + 64);
  http_reply reply;
  reply.status = status;
  reply.body = std::string_view{body}.substr(0, size);
  const counted here{state};
  for (auto _ : state) benchmark::DoNotOptimize(reader.read(reply, clock::time_point{}, {}));
}

void reply_good(benchmark::State& state) {
  read_replies(state, 200, R"({"token":")" + token + R"(","redirect_url":")" + redirect + R"("})");
}
void reply_error(benchmark::State& state) {
  read_replies(
      state, 429,
      R"({"request_id":"7b80b28f-0000-4000-8000-000000000000","errors":[{"error_source":"shipengine",)"
      R"("error_type":"system","error_code":"rate_limit_exceeded","message":"You have exceeded the rate limit."}]})");
}
void reply_hostile(benchmark::State& state) { read_replies(state, 200, std::string(60'000, '[')); }
BENCHMARK(reply_good);
BENCHMARK(reply_error);
BENCHMARK(reply_hostile);

void request_bytes(benchmark::State& state) {
  request_writer writer{"api.shipengine.com", "/v1/tokens/ephemeral?redirect=shipengine-dashboard",
                        secret{"TEST_key"}, "ephemint"};
  const account_id account{"se-123456"};
  const counted here{state};
  for (auto _ : state) benchmark::DoNotOptimize(writer.write(account));
}
BENCHMARK(request_bytes);

void login_url(benchmark::State& state) {
  const ephemeral_token minted{token, redirect, clock::now()};
  const login_options options{"550e8400-e29b-41d4-a716-446655440000", portal_page::billing};
  const counted here{state};
  for (auto _ : state) benchmark::DoNotOptimize(minted.login_url(options));
}
BENCHMARK(login_url);

}  // namespace

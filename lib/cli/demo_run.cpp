#include "demo_run.hpp"

#include "demo_picture.hpp"
#include "talk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include <unistd.h>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t too_many_failures = 5;  // none is expected here
constexpr quota demo_rate = quota::declared(demo_run::requests_admitted, demo_run::window);
constexpr int failures = 3, closed_connections = 2;
constexpr std::chrono::seconds plain_patience{5};  // after Ephemint has finished

sandbox::server_options demo_sandbox() {
  sandbox::server_options options;
  options.limit = {.kind = sandbox::limiter_kind::sliding_window,
                   .requests = demo_run::requests_admitted,
                   .window = demo_run::window};
  options.latency = 20ms;
  options.jitter = 10ms;
  options.faults = {sandbox::parse_fault(fmt::format("status=503,skip=20,every=25,count={}", failures)),
                    sandbox::parse_fault(fmt::format("close=before,nth=4,count={}", closed_connections))};
  return options;
}

client_options demo_client(const sandbox::server& api, std::shared_ptr<rate_governor> governor) {
  client_options options;
  options.base_url = api.base_url();
  options.api_key = secret{api.api_key()};
  options.system_authorities = false;
  options.authority_pem = api.ca_pem();
  options.governor = std::move(governor);
  options.single_threaded = true;
  // A closed connection fails all its requests, so one account may be hit by every fault.
  options.max_attempts = failures + closed_connections + 1;
  return options;
}

std::string account_number(std::size_t n) { return fmt::format("se-{}", 1000 + n); }

/// Whether both lanes can be drawn over on stderr.
bool shows_lanes() {
  if (!terminal_on(STDERR_FILENO).redraws) return false;
  return terminal_width(STDERR_FILENO) >= narrowest_picture &&
         terminal_height(STDERR_FILENO) > picture_height;
}

}  // namespace

demo_run::demo_run(std::size_t accounts)
    : api_{demo_sandbox()},
      governor_{make_rate_governor(demo_rate)},
      plain_lane_{.accounts = accounts},
      lane_{.accounts = accounts},
      display_{context_.get_executor(), client_, accounts},
      screen_{context_.get_executor(), [this] { return picture(); }} {
  await_signal();
}

exit_status demo_run::run() {
  const bool lanes = shows_lanes();
  begun_ = clock::now();
  start_ephemint();
  start_plain();
  if (lanes)
    screen_.start();
  else
    display_.start(demo_rate, governor_, many_);
  context_.run();
  screen_.stop();
  display_.stop();
  if (stopped_by_) {
    complain("interrupted");
    return ended_by(*stopped_by_);
  }
  if (thrown_) std::rethrow_exception(thrown_);
  return conclude();
}

void demo_run::start_ephemint() {
  client_.emplace(context_.get_executor(), demo_client(api_, governor_));
  many_.in_flight = client_->options().max_connections;  // a longer queue here would only add waiting time
  many_.urgency = priority::interactive;
  many_.outage_patience = 0ms;  // the sandbox is local: if it is away, that is an error
  asio::co_spawn(context_, mint_all(), [this](std::exception_ptr error) {
    thrown_ = std::move(error);
    ephemint_is_done();
  });
}

/// A failure here must not affect Ephemint's lane.
void demo_run::start_plain() try {
  plain_api_.emplace(demo_sandbox());
  plain_.emplace(context_, *plain_api_, plain_lane_);
  std::vector<std::string> all;
  for (std::size_t n = 0; n < plain_lane_.accounts; ++n) all.push_back(account_number(n));
  plain_->mint_all(std::move(all), [this](const plain_client::tokens&) { plain_is_done(); });
} catch (const std::exception& error) {
  plain_trouble_ = fmt::format("couldn't begin: {}", error.what());
}

void demo_run::await_signal() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  signals_.async_wait([this](boost::system::error_code error, int signal) {
    if (error) return;
    signals_.clear();  // the next signal kills
    stopped_by_ = signal;
    context_.stop();
  });
}

asio::awaitable<void> demo_run::mint_all() {
  mint_stream results = client_->mint_many(accounts(), many_);
  while (true) {
    const std::optional<account_result> one = co_await results.next();
    if (!one) break;
    record(*one);
    if (tally_.failed() == too_many_failures) break;
  }
  lane_.taken = clock::now() - begun_;
}

account_source demo_run::accounts() const {
  return [size = lane_.accounts, next = std::size_t{0}]() mutable -> std::optional<account_id> {
    if (next == size) return std::nullopt;
    return account_id{account_number(next++)};
  };
}

void demo_run::record(const account_result& one) {
  if (!one.result) {
    ++lane_.failed;
    tally_.count_failed(one.result.error());
    return display_.failed();
  }
  const clock::time_point now = clock::now();
  lane_.held.push_back({now - one.latency, now + one.result->remaining()});
  lane_.hand_over(now);
  tally_.count_minted();
  display_.minted();
}

void demo_run::plain_is_done() {
  const clock::time_point now = clock::now();
  plain_lane_.hand_over(now);
  plain_lane_.taken = now - begun_;
  if (lane_.taken) context_.stop();
}

/// The plain client may need much longer, or never finish.
void demo_run::ephemint_is_done() {
  if (thrown_ || tally_.failed() == too_many_failures || !plain_trouble_.empty() || plain_lane_.taken)
    return context_.stop();
  patience_.expires_after(plain_patience);
  patience_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    plain_trouble_ = fmt::format("was stopped {} s after Ephemint's end", plain_patience.count());
    context_.stop();
  });
}

std::string demo_run::picture() {
  const clock::time_point now = clock::now();
  look_at_quotas(now);
  const demo_view view{plain_lane_, lane_, requests_admitted, now, now - begun_};
  return draw(view, terminal_width(STDERR_FILENO), terminal_on(STDERR_FILENO).colours);
}

void demo_run::look_at_quotas(clock::time_point now) {
  if (plain_) plain_lane_.quota_used = plain_->quota_used(now, window);
  const client_stats seen = client_->stats();
  lane_.quota_used = seen.quota.used;
  lane_.rate_limited = seen.rate_limited;
}

exit_status demo_run::conclude() {
  if (tally_.failed() == too_many_failures) {
    complain(fmt::format("gave up: {}", tally_.summary()));
    return exit_status::some_failed;
  }
  const std::string text = report(figures());
  std::fputs(text.c_str(), stdout);
  if (std::fflush(stdout) != 0) return exit_status::some_failed;
  if (tally_.failed() == 0) return exit_status::all_minted;
  complain(tally_.summary());
  return exit_status::some_failed;
}

demo_figures demo_run::figures() {
  demo_figures saw;
  saw.now = clock::now();
  look_at_quotas(saw.now);
  const client_stats did = client_->stats();
  const sandbox::server_stats seen = api_.stats();
  saw.of_ephemint = {did.requests,           did.retries,          did.full_handshakes,
                     did.resumed_handshakes, seen.peak_per_window, seen.http2_requests};
  if (plain_)
    saw.of_plain = {plain_->requests(),
                    plain_->retries(),
                    plain_->handshakes(),
                    0,
                    plain_api_->stats().peak_per_window,
                    0};
  saw.least = window * ((lane_.accounts - 1) / requests_admitted);
  saw.quota = requests_admitted;
  saw.window = window;
  saw.plain_trouble = plain_trouble_;
  saw.plain = std::move(plain_lane_);
  saw.ephemint = std::move(lane_);
  return saw;
}

}  // namespace ephemint::cli

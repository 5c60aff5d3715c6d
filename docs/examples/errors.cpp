#include "example.hpp"

#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// region: advice
/// What to do about a mint that failed.
std::string advice(const ephemint::mint_error& error) {
  using ephemint::mint_condition;
  if (error.code() == mint_condition::retry_later) {
    const auto wait = error.retry_after_seconds().value_or(5s);
    return "try again in " + std::to_string(wait.count()) + " s";
  }
  if (error.code() == mint_condition::fix_request)
    return "correct the request: " + std::string{error.message()};
  if (error.code() == mint_condition::fix_credentials) return "have somebody look at the API key";
  return "give up: " + std::string{error.message()};
}
// endregion

// region: support
/// For the log. The API's support needs the request id. One write: lines of several threads don't mix.
void write_to_log(const ephemint::account_id& account, const ephemint::mint_error& error) {
  std::ostringstream lines;
  lines << account.str() << ": " << error << " after " << error.attempts() << " attempts\n";
  for (const auto& said : error.api_errors()) lines << "  the API says: " << said.message << '\n';
  std::clog << lines.str();
}
// endregion

asio::awaitable<void> mint(ephemint::client& minter, ephemint::account_id account) {
  auto minted = co_await minter.mint({.account = account});
  std::cout << account.str() << ": " << (minted ? "minted" : advice(minted.error())) << '\n';
  if (!minted) write_to_log(account, minted.error());
}

asio::awaitable<void> meet_errors(ephemint::sandbox::server& api) {
  ephemint::client minter{co_await asio::this_coro::executor, example::options_for(api)};
  co_await mint(minter, "se-1");
  co_await mint(minter, "two words");
  api.add_fault({.account = "se-4", .status = 404});
  co_await mint(minter, "se-4");
  api.add_fault({.account = "se-5", .status = 200, .body = ephemint::sandbox::fault_body::html});
  co_await mint(minter, "se-5");
  api.add_fault({.account = "se-2", .count = 1, .status = 429, .retry_after = "30"});
  co_await mint(minter, "se-2");
}

asio::awaitable<void> meet_a_refused_key(ephemint::sandbox::server& api) {
  ephemint::client_options options = example::options_for(api);
  options.api_key = ephemint::secret{"TEST_of_somebody_else"};
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};
  co_await mint(minter, "se-3");
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  asio::io_context context;
  example::run(meet_errors(api), context);
  context.restart();
  example::run(meet_a_refused_key(api), context);
}

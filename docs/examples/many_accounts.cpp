#include "example.hpp"

#include <iostream>
#include <istream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

int handed_over = 0;

void hand_over(const ephemint::account_id&, const ephemint::ephemeral_token&) { ++handed_over; }

// region: batch
asio::awaitable<void> mint_all(ephemint::client& minter, std::vector<std::string> accounts) {
  auto results = minter.mint_many(std::move(accounts), {.in_flight = 16});
  while (auto next = co_await results.next()) {  // in order of completion
    if (next->result)
      hand_over(next->account, *next->result);  // at once: it lives 10 s
    else
      std::cerr << next->account.str() << ": " << next->result.error() << '\n';
  }
}
// endregion

// region: source
/// A million accounts needn't be in memory: the next one is read when its mint can begin.
ephemint::account_source lines_of(std::istream& in) {
  return [&in]() -> std::optional<ephemint::account_id> {
    std::string line;
    if (!std::getline(in, line)) return std::nullopt;
    return ephemint::account_id{line};
  };
}
// endregion

asio::awaitable<void> mint_lines(ephemint::client& minter, std::istream& in) {
  auto results = minter.mint_many(lines_of(in));
  while (auto next = co_await results.next())
    if (next->result) hand_over(next->account, *next->result);
}

asio::awaitable<void> run_both(const ephemint::sandbox::server& api) {
  ephemint::client_options options = example::options_for(api);
  options.rate = ephemint::quota::unlimited();  // a TEST_ key's 20 a minute would make this a long example
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};

  std::vector<std::string> accounts;
  for (int i = 0; i < 100; ++i) accounts.push_back("se-" + std::to_string(i));
  accounts.push_back("not an account");
  co_await mint_all(minter, std::move(accounts));

  std::istringstream lines{"se-1\nse-2\nse-3\n"};
  co_await mint_lines(minter, lines);
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  asio::io_context context;
  example::run(run_both(api), context);
  std::cout << handed_over << " tokens handed over\n";
}

#include "example.hpp"

#include <ephemint/observer.hpp>

#include <chrono>
#include <iostream>
#include <memory>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// region: observer
/// Prints each mint's result, and what its time was spent on.
class narrator final : public ephemint::observer {
 public:
  void on_attempt(const ephemint::attempt_report& a) noexcept override {
    std::cout << a.tag << ": request " << a.number << " got HTTP " << a.http_status
              << (a.next_try ? ", and another will go" : "") << '\n';
  }
  void on_mint(const ephemint::mint_report& m) noexcept override {
    const auto waited = [&](ephemint::wait_reason why) {
      return m.waited[static_cast<std::size_t>(why)] > 0s;
    };
    std::cout << m.tag << ": " << (m.error ? to_string(*m.error) : "minted") << " for " << m.account
              << (waited(ephemint::wait_reason::connection) ? ", waited for a connection" : "")
              << (waited(ephemint::wait_reason::backoff) ? ", waited to try again" : "") << '\n';
  }
};
// endregion

asio::awaitable<void> observed(ephemint::sandbox::server& api) {
  auto options = example::options_for(api);
  // region: use
  options.observer = std::make_shared<narrator>();
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};
  const auto first = co_await minter.mint({.account = "se-1", .tag = 1});
  const auto second = co_await minter.mint({.account = "se-2", .tag = 2});
  // endregion
  if (!first || !second) std::cout << "not minted\n";
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  api.add_fault({.account = "se-2", .count = 1, .status = 503});
  asio::io_context context;
  example::run(observed(api), context);
}

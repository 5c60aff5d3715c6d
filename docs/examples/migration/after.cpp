#include "../example.hpp"

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

// region: after
/// For a program whose threads block: one of these serves all of them.
class logins {
 public:
  explicit logins(ephemint::client_options options) : minter_{pool_, std::move(options)} {}

  /// Throws `ephemint::mint_exception`, which says what went wrong.
  std::string log_in(const std::string& account) {
    const ephemint::mint_request wanted{.account = ephemint::account_id{account}};
    const ephemint::mint_result minted = minter_.async_mint(wanted, asio::use_future).get();
    return std::string{minted.value().redirect_url()};
  }

  /// Each URL is used as soon as it arrives, while it lives. They aren't collected in a vector.
  template <class Use>
  void log_in_all(std::vector<std::string> accounts, Use use) {
    auto results = minter_.mint_many(std::move(accounts));
    while (const auto next = results.async_next(asio::use_future).get())
      if (next->result)
        use(next->account, next->result->redirect_url());
      else
        std::cerr << next->account.str() << ": " << next->result.error() << '\n';
  }

 private:
  asio::thread_pool pool_{1};  // the client's own thread
  ephemint::client minter_;
};
// endregion

}  // namespace

int main() {
  ephemint::sandbox::server api;
  ephemint::client_options options = example::options_for(api);
  options.rate = ephemint::quota::unlimited();  // otherwise a test key's batch would take minutes
  logins minter{std::move(options)};
  std::cout << minter.log_in("se-1") << '\n';
  minter.log_in_all({"se-2", "se-3"},
                    [](const ephemint::account_id&, std::string_view url) { std::cout << url << '\n'; });
}

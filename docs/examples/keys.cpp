#include "example.hpp"

#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;

namespace {

// region: rotation
/// The API has issued a new key and still accepts the old one. After this call no request uses the old one.
void take_up(ephemint::client& minter, std::string_view renewed) {
  minter.set_api_key(ephemint::secret{renewed});
}
// endregion

// region: many_keys
/// A client for each partner's key. Their quotas, and the refusals of their keys, are independent.
class partners {
 public:
  partners(asio::io_context& context, ephemint::client_options usual)
      : context_{context}, usual_{std::move(usual)} {}

  void add(const std::string& partner, std::string_view api_key) {
    ephemint::client_options options = usual_;
    options.api_key = ephemint::secret{api_key};
    clients_.try_emplace(partner, context_, std::move(options));
  }
  ephemint::client& of(const std::string& partner) { return clients_.at(partner); }

 private:
  asio::io_context& context_;
  ephemint::client_options usual_;
  std::map<std::string, ephemint::client> clients_;
};
// endregion

asio::awaitable<void> mint_one(ephemint::client& minter) {
  (co_await minter.mint({.account = "se-1234"})).value();
}

/// Mints before, during and after the overlap of two keys.
asio::awaitable<void> rotate(ephemint::sandbox::server& api) {
  ephemint::client minter{co_await asio::this_coro::executor, example::options_for(api)};
  co_await mint_one(minter);
  api.add_api_key("TEST_renewed");
  take_up(minter, "TEST_renewed");
  co_await mint_one(minter);
  api.set_api_key("TEST_renewed");
  co_await mint_one(minter);
}

asio::awaitable<void> mint_for_each(partners& all, int count) {
  for (int i = 0; i < count; ++i) {
    ephemint::client& its = all.of("partner " + std::to_string(i));
    co_await mint_one(its);
    co_await its.close();  // otherwise its idle connection keeps the context running for 30 s
  }
}

}  // namespace

int main() {
  ephemint::sandbox::server api;
  {
    asio::io_context context;
    example::run(rotate(api), context);
    std::cout << api.stats().minted << " minted, " << api.stats().requests_by_key["TEST_renewed"]
              << " of them with the new key\n";
  }
  api.reset_stats();
  asio::io_context context;
  partners all{context, example::options_for(api)};
  for (int i = 0; i < 3; ++i) {
    const std::string key = "TEST_partner-" + std::to_string(i);
    api.add_api_key(key);
    all.add("partner " + std::to_string(i), key);
  }
  example::run(mint_for_each(all, 3), context);
  for (int i = 0; i < 3; ++i)
    std::cout << api.stats().requests_by_key["TEST_partner-" + std::to_string(i)] << " with key " << i
              << '\n';
}

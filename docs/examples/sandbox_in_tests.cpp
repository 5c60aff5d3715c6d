#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <iostream>
#include <utility>

namespace asio = boost::asio;

namespace {

// region: embed
/// A login must survive one failure: the test's API answers its first request with a 503.
bool login_survives_a_503() {
  ephemint::sandbox::server api;  // has a free port of loopback, a key, and its own certificate authority
  api.add_fault({.count = 1, .status = 503, .body = ephemint::sandbox::fault_body::html});

  asio::thread_pool pool{1};
  ephemint::client_options options;
  options.base_url = api.base_url();
  options.api_key = ephemint::secret{api.api_key()};
  options.authority_pem = api.ca_pem();
  ephemint::client minter{pool.get_executor(), std::move(options)};

  const auto minted = minter.async_mint({.account = "se-1"}, asio::use_future).get();
  const auto seen = api.stats();
  return minted.has_value() && seen.requests == 2 && seen.requests_by_account.at("se-1") == 2;
}
// endregion

// region: limit
/// An API whose rate limit is like the real one's.
ephemint::sandbox::server_options limited() {
  using enum ephemint::sandbox::limiter_kind;
  return {.limit = {.kind = sliding_window, .requests = 200, .window = std::chrono::seconds{60}}};
}
// endregion

bool mints_at(const ephemint::sandbox::server& api) {
  asio::thread_pool pool{1};
  ephemint::client_options options;
  options.base_url = api.base_url();
  options.api_key = ephemint::secret{api.api_key()};
  options.authority_pem = api.ca_pem();
  ephemint::client minter{pool.get_executor(), std::move(options)};
  return minter.async_mint({.account = "se-1"}, asio::use_future).get().has_value();
}

// region: http2
/// An HTTP/2 server may refuse a stream unprocessed: a login must survive that too.
bool login_survives_a_refused_stream() {
  ephemint::sandbox::server api;
  ephemint::sandbox::fault refused = ephemint::sandbox::fault::refuse();
  refused.count = 1;
  if (api.speaks_http2()) api.add_fault(std::move(refused));
  return mints_at(api);
}
// endregion

}  // namespace

int main() {
  const bool passed = login_survives_a_503() && login_survives_a_refused_stream() &&
                      mints_at(ephemint::sandbox::server{limited()});
  std::cout << (passed ? "passed" : "failed") << '\n';
  return passed ? 0 : 1;
}

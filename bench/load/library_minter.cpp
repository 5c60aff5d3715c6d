#include "library_minter.hpp"

#include "client_setup.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace ephemint::bench {
namespace {

handed_over describe(const mint_result& result) {
  const auto now = clock::now();
  if (!result) return {now, to_string(result.error().value())};
  return {now, {}, token_lifetime - result->remaining(now)};
}

class library_minter final : public minter {
 public:
  library_minter(asio::io_context& context, const server_address& server, const scenario& s)
      : context_{context}, client_{context.get_executor(), options_for(server, s)} {}

  std::string_view name() const override { return "ephemint"; }

  void warm_up() override { run_alone(context_, client_.warm_up(client_.options().max_connections)); }

  void mint(const account_id& account, std::uint32_t call, caller& to) override {
    client_.async_mint({account},
                       [call, &to](const mint_result& result) { to.on_result(call, describe(result)); });
  }

  void mint_batch(std::span<const account_id> accounts, caller& to) override {
    asio::co_spawn(context_, take_all(client_, accounts, to), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  }

  minter_counts counts() const override {
    const client_stats s = client_.stats();
    return {.requests = s.requests,
            .retries = s.retries,
            .stale_retries = s.stale_retries,
            .rate_limited = s.rate_limited,
            .too_late = s.expired,
            .connections = s.dials,
            .full_handshakes = s.full_handshakes,
            .resumed_handshakes = s.resumed_handshakes};
  }

 private:
  static asio::awaitable<void> take_all(client& c, std::span<const account_id> accounts, caller& to) {
    account_source source{
        account_source::plain{[accounts, next = std::size_t{0}]() mutable -> std::optional<account_id> {
          if (next == accounts.size()) return std::nullopt;
          return accounts[next++];
        }}};
    mint_stream results = c.mint_many(std::move(source));
    for (std::uint32_t taken = 0;; ++taken) {
      const std::optional<account_result> one = co_await results.next();
      if (!one) co_return;
      to.on_result(taken, describe(one->result));
    }
  }

  asio::io_context& context_;
  client client_;
};

}  // namespace

std::unique_ptr<minter> make_library_minter(asio::io_context& context, const server_address& server,
                                            const scenario& s) {
  return std::make_unique<library_minter>(context, server, s);
}

}  // namespace ephemint::bench

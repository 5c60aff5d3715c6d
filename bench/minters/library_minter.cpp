// Ephemint by its public face: with callbacks, or coroutines.

#include "harness/asio_minter.hpp"
#include "minters.hpp"

#include <ephemint/client.hpp>
#include <ephemint/metrics.hpp>

#include <boost/asio/co_spawn.hpp>

#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ephemint::bench {
namespace {

asio::awaitable<void> warm(client& c, std::size_t mints) {
  const auto up = co_await c.warm_up(mints);
  up.value();
}

/// The part that both ways of calling share; `Base` is the way.
template <class Base>
class library_minter : public Base {
 public:
  explicit library_minter(client_options options)
      : client_{this->context().get_executor(), std::move(options)} {}

  void warm_up() override { run_alone(this->context(), warm(client_, client_.options().max_connections)); }

  void mint_batch(std::span<const account_id> accounts, caller& to) override {
    asio::co_spawn(this->context(), take_all(accounts, to), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  }

  minter_counts counts() const override {
    const client_stats s = client_.stats();
    return {.requests = s.requests,
            .retries = s.retries,
            .stale_retries = s.stale_retries,
            .hedges = s.hedges,
            .rate_limited = s.rate_limited,
            .too_late = s.expired,
            .connections = s.dials,
            .full_handshakes = s.full_handshakes,
            .resumed_handshakes = s.resumed_handshakes};
  }

 protected:
  client& api() noexcept { return client_; }

  /// Keeps it in `place` until the next one comes.
  static handed_over keep(mint_result result, mint_result& place) {
    place = std::move(result);
    const auto now = clock::now();
    if (!place) return {now, std::string{to_string(place.error().value())}};
    return {now, {}, token_lifetime - place->remaining(now)};
  }

 private:
  asio::awaitable<void> take_all(std::span<const account_id> accounts, caller& to) {
    account_source source{[accounts, next = std::size_t{0}]() mutable -> std::optional<account_id> {
      if (next == accounts.size()) return std::nullopt;
      return accounts[next++];
    }};
    mint_stream results = client_.mint_many(std::move(source));
    mint_result kept = ephemeral_token{};
    for (std::uint32_t taken = 0;; ++taken) {
      std::optional<account_result> one = co_await results.next();
      if (!one) co_return;
      to.on_result(taken, keep(std::move(one->result), kept));
    }
  }

  client client_;
};

class callback_minter final : public library_minter<asio_minter> {
 public:
  using library_minter::library_minter;

  void mint(const account_id& account, std::uint32_t call, caller& to) override {
    if (idle_.empty()) idle_.push_back(&places_.emplace_back());
    place& here = *idle_.back();
    idle_.pop_back();
    here.call = call;
    here.to = &to;
    here.self = this;
    api().async_mint({account}, [&here](mint_result result) { here.self->finish(here, std::move(result)); });
  }

 private:
  /// The state of a call, so that its handler is as small as in a real program.
  struct place {
    callback_minter* self = nullptr;
    caller* to = nullptr;
    std::uint32_t call = 0;
    mint_result kept = ephemeral_token{};
  };

  void finish(place& here, mint_result result) {
    const handed_over what = keep(std::move(result), here.kept);
    idle_.push_back(&here);
    here.to->on_result(here.call, what);
  }

  std::deque<place> places_;
  std::vector<place*> idle_;
};

class awaiting_minter final : public library_minter<coroutine_minter> {
 public:
  using library_minter::library_minter;

 private:
  asio::awaitable<void> work(asked first) override {
    mint_result kept = ephemeral_token{};
    for (std::optional<asked> now = first; now;) {
      mint_result result = co_await api().mint({.account = *now->account});
      now = tell(*now, keep(std::move(result), kept));
    }
  }
};

}  // namespace

namespace {

/// So many connections share the mints that are under way.
minter_pointer multiplexing(minter_settings s, std::size_t connections) {
  s.streams = (s.connections + connections - 1) / connections;
  s.connections = connections;
  return std::make_unique<callback_minter>(options_for(s));
}

}  // namespace

client_options options_for(const minter_settings& s) {
  client_options options;
  options.base_url = s.server.base_url;
  options.api_key = secret{s.server.api_key};
  options.system_authorities = s.server.authority_pem.empty();
  options.authority_pem = s.server.authority_pem;
  options.rate = s.rate;
  options.hedge = s.hedge;
  options.deadline = s.deadline;
  options.max_connections = s.connections;
  options.http2 = s.streams == 0 ? http2_use::never : http2_use::only;
  if (s.streams != 0) options.max_streams = s.streams;
  options.single_threaded = true;
  return options;
}

minter_pointer make_ephemint(const minter_settings& s) {
  return std::make_unique<callback_minter>(options_for(s));
}
minter_pointer make_ephemint_on_strand(const minter_settings& s) {
  client_options options = options_for(s);
  options.single_threaded = false;
  return std::make_unique<callback_minter>(std::move(options));
}
minter_pointer make_ephemint_observed(const minter_settings& s) {
  client_options options = options_for(s);
  options.observer = std::make_shared<metrics>();
  return std::make_unique<callback_minter>(std::move(options));
}
minter_pointer make_ephemint_http2(const minter_settings& s) { return multiplexing(s, 1); }
minter_pointer make_ephemint_http2_on_four(const minter_settings& s) { return multiplexing(s, 4); }
minter_pointer make_ephemint_coroutine(const minter_settings& s) {
  return std::make_unique<awaiting_minter>(options_for(s));
}

}  // namespace ephemint::bench

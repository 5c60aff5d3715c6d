#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/client_options.hpp>
#include <ephemint/client_stats.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/mint_stream.hpp>
#include <ephemint/rate_governor.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace ephemint::inline v0 {

namespace detail {
struct client_impl;
}

/// Mints ephemeral login tokens for any number of accounts, over pooled TLS connections, within the API's
/// quota.
///
/// Needs no `run()`: constructed, it works. It connects when it is first asked, and closes idle connections
/// by itself.
///
/// \par Threads
/// Every member may be called from any thread, unless `client_options::single_threaded` is set. The client's
/// own work runs on a strand of the executor it was given.
///
/// \par Executor
/// A completion handler runs on its associated executor (the client's, if it has none); never inside the
/// call.
///
/// \par Cancellation
/// Every cancellation type ends a mint's wait with `mint_errc::cancelled`; a token that comes later is
/// dropped. In a coroutine the awaits after a cancelled `mint` don't throw, so that clean-up can run: look at
/// the result.
///
/// \par Lifetime
/// Destruction cancels every mint under way, each completing with `mint_errc::closed`, and closes the
/// connections. The executor's context must outlive the client; mints still pending when the context is
/// destroyed are dropped.
class EPHEMINT_EXPORT client {
 public:
  /// Checks the options and loads the authorities; does no I/O on the network.
  /// Throws `std::invalid_argument`, naming the option that is wrong, `std::bad_alloc`.
  client(asio::any_io_executor executor, client_options options);
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;
  ~client();

  /// Mints one token. The result comes by the deadline (+ 250 ms at most on a busy machine), and a token in
  /// it has at least `min_remaining` to live. Errors: see `mint_errc`. A bad request fails before any I/O.
  asio::awaitable<mint_result> mint(mint_request request);

  /// The same for any completion token; signature `void(mint_result)`.
  template <asio::completion_token_for<void(mint_result)> CompletionToken>
  auto async_mint(const mint_request& request, CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(mint_result)>(
        [](auto handler, std::shared_ptr<detail::client_impl> self, const mint_request& asked) {
          start_mint(std::move(self), asked, std::move(handler));
        },
        token, impl_, request);
  }

  /// Mints a token for each account of `accounts`, a window of them at a time. See `mint_stream`.
  /// Throws `std::invalid_argument` if `options` is out of range.
  mint_stream mint_many(account_source accounts, many_options options = {});

  /// Has `connections` connections established (at most `max_connections`), so that the next mints needn't
  /// wait for handshakes. Ends when they stand, or when a dial has failed: then throws `mint_exception` with
  /// the cause.
  asio::awaitable<void> warm_up(std::size_t connections = 1);

  /// Takes no more mints (they fail with `closed`), lets the ones under way finish, then closes the
  /// connections. Each still ends by its deadline; one without a deadline is cancelled if it isn't on the
  /// wire.
  asio::awaitable<void> close();

  /// How long a mint of that urgency, asked for now, would wait for its permit: zero if none. An estimate,
  /// and no promise: others may ask meanwhile. Lets a caller show the wait, or decide against it, before it
  /// begins.
  clock::duration estimate(priority urgency = priority::interactive) const;

  /// What was done so far. Each figure is exact as of the client's last event; from another
  /// thread two of them may be one event apart.
  client_stats stats() const;

  /// The options as they are in force, without the key.
  const client_options& options() const noexcept;
  asio::any_io_executor get_executor() const noexcept;

 private:
  using mint_handler = asio::any_completion_handler<void(mint_result)>;
  static void start_mint(std::shared_ptr<detail::client_impl> self, const mint_request& request,
                         mint_handler handler);

  std::shared_ptr<detail::client_impl> impl_;
};

}  // namespace ephemint::inline v0

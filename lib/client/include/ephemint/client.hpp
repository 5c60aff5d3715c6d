#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/api_outage.hpp>
#include <ephemint/client_options.hpp>
#include <ephemint/client_stats.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/mint_stream.hpp>
#include <ephemint/rate_governor.hpp>
#include <ephemint/secret.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace ephemint::inline v0 {

/// Mints ephemeral login tokens for any number of accounts, over pooled TLS connections, within the API's
/// quota. One client serves a whole program: share it by reference, and let it live as long as the server
/// does.
///
/// Needs no `run()`: constructed, it works. It connects when it is first asked, and closes idle connections
/// by itself.
///
///     ephemint::client logins{io.get_executor(), {.api_key = ephemint::secret{key}}};
///     auto minted = co_await logins.mint({.account = "se-1234"});
///     if (minted) redirect_to(minted->redirect_url());
///
/// \par Threads
/// Every member may be called from any thread, unless `client_options::single_threaded` is set. What the
/// client does itself is done one thing at a time, on whatever thread brings it.
///
/// \par Completion
/// Each operation has an initiating function, `async_…`, for any completion token, and an awaitable twin for
/// coroutines on `any_io_executor`. A handler is called once, on its associated executor (the client's, if it
/// has none), never from inside the initiating function; its associated allocator is used for what the
/// operation needs to keep.
///
/// \par Cancellation
/// Each operation's wait ends at once on every cancellation type, and says so with `mint_errc::cancelled`; a
/// token that comes later is dropped. Nothing of the caller's is touched: in a coroutine that was cancelled
/// the next await throws, as Asio has it, unless the caller resets its cancellation state.
///
/// \par Exceptions
/// An initiating function throws `std::bad_alloc` if there is no memory to begin with; then nothing has
/// begun, and the handler is destroyed uncalled. In a coroutine the twins throw it where they are awaited;
/// with `async_…(use_awaitable)` Asio destroys the coroutine and lets it out of `run()`. What has begun ends
/// by its handler, whatever memory there is. `stats`, `estimate`, `outage`, `options`, `get_executor` and the
/// destructor throw nothing.
///
/// \par Lifetime
/// Destruction cancels every mint under way, each completing with `mint_errc::closed`, and closes the
/// connections; handlers are called later, if the executor's context still runs. If the context is destroyed
/// first, pending handlers are destroyed with it, uncalled, and the client may then only be destroyed. A
/// moved-from client may be destroyed, assigned to, and asked `valid()`; nothing else.
///
/// \par Fork
/// A client belongs to the process in which it was made. In the child of a `fork` its copy reads nothing,
/// sends nothing and shuts no connection down, whatever is asked of it, destruction included; every
/// operation, those under way and `close` too, ends with `mint_errc::closed`. The parent's goes on. For the
/// context the rules are Asio's: no other thread runs it at the fork, and the child calls
/// `notify_fork(fork_child)` before it uses it.
class EPHEMINT_EXPORT client {
 public:
  /// The type of `get_executor()`.
  using executor_type = asio::any_io_executor;

  /// Checks the options and loads the authorities; does no I/O on the network. `executor` must not be empty.
  /// Throws `std::invalid_argument`, naming the option that is wrong, and `std::bad_alloc`.
  client(executor_type executor, client_options options);
  /// The same for an execution context, such as an `io_context`.
  template <class ExecutionContext>
  requires std::convertible_to<ExecutionContext&, asio::execution_context&> client(ExecutionContext& context,
                                                                                   client_options options)
      : client{executor_type{context.get_executor()}, std::move(options)} {}
  /// `other` isn't valid any more.
  client(client&& other) noexcept;
  /// Ends what this one was, as its destructor does.
  client& operator=(client&& other) noexcept;
  ~client();

  /// Whether this is a client: false once it was moved from.
  bool valid() const noexcept { return impl_ != nullptr; }

  /// Mints one token. Signature: `void(mint_result)`.
  ///
  /// The result comes by the deadline (+ 250 ms at most on a busy machine), counted from the call, and a
  /// token in it has at least `min_remaining` to live. Errors: see `mint_errc`. A bad request fails with
  /// `invalid_request`, before any I/O.
  ///
  ///     logins.async_mint({.account = "se-1234"}, [](ephemint::mint_result minted) { … });
  template <asio::completion_token_for<void(mint_result)> CompletionToken>
  auto async_mint(const mint_request& request, CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(mint_result)>(initiate_mint{impl_}, token, request);
  }
  /// The same as an awaitable. It begins, and its deadline counts, when it is first awaited.
  asio::awaitable<mint_result> mint(mint_request request);

  /// Mints a token for each account of `accounts`, a window of them at a time. See `mint_stream`.
  /// Throws `std::invalid_argument` if `options` is out of range, and `std::bad_alloc`.
  mint_stream mint_many(account_source accounts, many_options options = {});

  /// Has connections with room for `mints` mints at once established (`max_connections` of them at most), so
  /// that the next mints needn't wait for handshakes: with HTTP/1.1 as many connections, with HTTP/2 one, as
  /// a rule. Signature: `void(result<void>)`.
  ///
  /// Ends when they stand, or with the cause when a dial has failed: `connect_failed`, `tls_failed`; or with
  /// `closed`.
  template <asio::completion_token_for<void(result<void>)> CompletionToken>
  auto async_warm_up(std::size_t mints, CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(result<void>)>(initiate_warm_up{impl_}, token, mints);
  }
  /// The same as an awaitable.
  asio::awaitable<result<void>> warm_up(std::size_t mints = 1);

  /// Takes no more mints (they fail with `closed`), lets the ones under way finish, then closes the
  /// connections. Each still ends by its deadline; one without a deadline is ended if it isn't on the wire.
  /// Signature: `void(result<void>)`; fails in a `fork`'s child alone. Cancelling it ends the wait; the
  /// client closes all the same.
  template <asio::completion_token_for<void(result<void>)> CompletionToken>
  auto async_close(CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(result<void>)>(initiate_close{impl_}, token);
  }
  /// The same as an awaitable.
  asio::awaitable<result<void>> close();

  /// From now on the key is this one, for every client that shares this one's credential: its
  /// `credential::rotate`. No mint fails of it: what the API answers to a request that had the old key is
  /// tried again with this one, and isn't counted. From any thread, of a `single_threaded` client too. Throws
  /// as `rotate` does.
  ///
  ///     logins.set_api_key(ephemint::secret{renewed});
  void set_api_key(secret api_key);

  /// How long a mint of that urgency, asked for now, would wait for its permit: zero if none. An estimate,
  /// and no promise: others may ask meanwhile. Lets a caller show the wait, or decide against it, before it
  /// begins.
  ///
  /// `ahead` are others that would go before it and aren't asked for yet: those who stand in a line of the
  /// caller's. One more of them never makes it shorter. Where each account has a quota of its own they don't
  /// count.
  ///
  ///     page.say(ephemint::clock::now() + logins.estimate(ephemint::priority::interactive, place_in_line));
  clock::duration estimate(priority urgency = priority::interactive, std::size_t ahead = 0) const noexcept;

  /// What was done so far. Each figure is exact as of the client's last event; from another
  /// thread two of them may be one event apart.
  client_stats stats() const noexcept;

  /// Whether the API is away, as far as this client and those that share its governor know: mints without a
  /// deadline are waiting for it. None if all is well. From any thread.
  std::optional<api_outage> outage() const noexcept;

  /// The options as they are in force. Given a governor, `rate` is empty and `scope` the governor's.
  const client_options& options() const noexcept;
  /// The executor that the client was given.
  executor_type get_executor() const noexcept;

 private:
  /// What begins an operation, as Asio's completion tokens ask for it.
  class EPHEMINT_EXPORT initiation {
   public:
    using executor_type = client::executor_type;
    explicit initiation(std::shared_ptr<detail::client_impl> impl) noexcept : impl_{std::move(impl)} {}
    executor_type get_executor() const noexcept;

   protected:
    std::shared_ptr<detail::client_impl> impl_;
  };
  struct initiate_mint : initiation {
    using initiation::initiation;
    template <class Handler>
    void operator()(Handler&& handler, const mint_request& request) {
      start_mint(impl_, request, std::forward<Handler>(handler));
    }
  };
  struct initiate_warm_up : initiation {
    using initiation::initiation;
    template <class Handler>
    void operator()(Handler&& handler, std::size_t mints) {
      start_warm_up(impl_, mints, std::forward<Handler>(handler));
    }
  };
  struct initiate_close : initiation {
    using initiation::initiation;
    template <class Handler>
    void operator()(Handler&& handler) {
      start_close(impl_, std::forward<Handler>(handler));
    }
  };

  using impl_pointer = std::shared_ptr<detail::client_impl>;
  static void start_mint(const impl_pointer&, const mint_request&,
                         asio::any_completion_handler<void(mint_result)>);
  static void start_warm_up(const impl_pointer&, std::size_t mints,
                            asio::any_completion_handler<void(result<void>)>);
  static void start_close(const impl_pointer&, asio::any_completion_handler<void(result<void>)>);

  impl_pointer impl_;
};

}  // namespace ephemint::inline v0

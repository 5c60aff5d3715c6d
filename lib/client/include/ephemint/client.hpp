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
/// It works as soon as it is constructed: there is no `run()` to call. It connects on its first mint, and
/// closes idle connections by itself.
///
///     ephemint::client logins{io.get_executor(), {.api_key = ephemint::secret{key}}};
///     auto minted = co_await logins.mint({.account = "se-1234"});
///     if (minted) redirect_to(minted->redirect_url());
///
/// \par Threads
/// Every member may be called from any thread, unless `client_options::single_threaded` is set. The client's
/// own work is serialized, and runs on whichever thread calls it or runs its executor.
///
/// \par Completion
/// Each operation has an initiating function, `async_…`, for any completion token, and an awaitable twin for
/// coroutines on `any_io_executor`. A handler is called once, on its associated executor (the client's, if it
/// has none), never from inside the initiating function; its associated allocator is used for what the
/// operation needs to keep.
///
/// \par Cancellation
/// Every cancellation type ends an operation's wait at once, with `mint_errc::cancelled`; a token that comes
/// later is dropped. The caller's cancellation state isn't changed: in a coroutine that was cancelled the
/// next await throws, as is usual with Asio, unless the caller resets that state.
///
/// \par Exceptions
/// An initiating function throws `std::bad_alloc` if there is no memory to start the operation; then nothing
/// has started, and the handler is destroyed uncalled. The awaitable twins throw it where they are awaited;
/// with `async_…(use_awaitable)` Asio destroys the coroutine, and the exception leaves `run()`. Once an
/// operation has started, its handler is called even if memory runs out. `stats`, `estimate`, `outage`,
/// `options`, `get_executor` and the destructor throw nothing.
///
/// \par Lifetime
/// Destruction ends every mint under way with `mint_errc::closed`, and closes the connections; handlers are
/// called later, if the executor's context still runs. If the context is destroyed first, pending handlers
/// are destroyed with it, uncalled, and the client may then only be destroyed. A moved-from client may be
/// destroyed, assigned to, and asked `valid()`; nothing else.
///
/// \par Fork
/// A client belongs to the process in which it was made. In the child of a `fork` its copy reads nothing,
/// sends nothing and shuts no connection down, not even when it is destroyed; every operation, including
/// those under way and `close`, ends with `mint_errc::closed`. The parent's client goes on. The context
/// follows Asio's rules: no other thread may run it during the fork, and the child calls
/// `notify_fork(fork_child)` before it uses the context.
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
  /// Afterwards `other` isn't valid.
  client(client&& other) noexcept;
  /// The client that this object held ends as in its destructor.
  client& operator=(client&& other) noexcept;
  ~client();

  /// False if it was moved from.
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
  /// The same as an awaitable. It starts when it is first awaited, and its deadline counts from then.
  asio::awaitable<mint_result> mint(mint_request request);

  /// Mints a token for each account of `accounts`, a window of them at a time. See `mint_stream`.
  /// Throws `std::invalid_argument` if `options` is out of range, and `std::bad_alloc`.
  mint_stream mint_many(account_source accounts, many_options options = {});

  /// Opens enough connections for `mints` mints at once (at most `max_connections`), so that the next mints
  /// needn't wait for handshakes. HTTP/1.1 takes one connection for each mint; for HTTP/2 one is usually
  /// enough. Signature: `void(result<void>)`.
  ///
  /// Completes when the server has completed the handshakes too. If a connection can't be opened, or there is
  /// no memory to begin one, it fails with the cause, `connect_failed` or `tls_failed`; if the client is
  /// closed, with `closed`.
  template <asio::completion_token_for<void(result<void>)> CompletionToken>
  auto async_warm_up(std::size_t mints, CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(result<void>)>(initiate_warm_up{impl_}, token, mints);
  }
  /// The same as an awaitable.
  asio::awaitable<result<void>> warm_up(std::size_t mints = 1);

  /// Takes no more mints (they fail with `closed`), lets the ones under way finish, then closes the
  /// connections. Each still ends by its deadline; one without a deadline is ended unless its request is on
  /// the wire. Signature: `void(result<void>)`; it fails only in the child of a `fork`. Cancelling it ends
  /// the wait; the client closes all the same.
  template <asio::completion_token_for<void(result<void>)> CompletionToken>
  auto async_close(CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(result<void>)>(initiate_close{impl_}, token);
  }
  /// The same as an awaitable.
  asio::awaitable<result<void>> close();

  /// Replaces the key for every client that shares this client's credential, as `credential::rotate` does. No
  /// mint fails because of it: if the API refuses a request that carried the old key, the request is sent
  /// again with the new one, and isn't counted as an attempt. May be called from any thread, even on a
  /// `single_threaded` client. Throws as `rotate` does.
  ///
  ///     logins.set_api_key(ephemint::secret{renewed});
  void set_api_key(secret api_key);

  /// How long a mint of that urgency, asked for now, would wait for its permit: zero if it needn't wait. This
  /// is an estimate, not a promise: others may ask meanwhile. It lets a caller show the wait, or decide
  /// against it, before it begins.
  ///
  /// `ahead` is the number of mints that would go before it but haven't been asked for yet, because they
  /// stand in a queue of the caller's. A larger `ahead` never gives a shorter estimate. It is ignored where
  /// each account has a quota of its own.
  ///
  ///     page.say(ephemint::clock::now() + logins.estimate(ephemint::priority::interactive, place_in_line));
  clock::duration estimate(priority urgency = priority::interactive, std::size_t ahead = 0) const noexcept;

  /// What the client has done so far. Each figure is exact as of the client's last event; when read from
  /// another thread, two figures may be one event apart.
  client_stats stats() const noexcept;

  /// The outage that this client, or another that shares its governor, sees now: mints without a deadline
  /// wait for its end. Empty if there is none. From any thread.
  std::optional<api_outage> outage() const noexcept;

  /// The options in force. With a governor in the options `rate` is empty and `scope` is the governor's.
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

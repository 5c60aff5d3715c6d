#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/clock.hpp>
#include <ephemint/quota.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ephemint::bench {

/// A mint's result, at the time when its caller has it.
struct handed_over {
  clock::time_point at;
  std::string failure = {};        ///< what went wrong; empty: a token
  std::chrono::nanoseconds age{};  ///< of the token, since just before its request was written
};

/// The caller of a mint. `call` is the number with which it was asked for.
class caller {
 public:
  virtual void on_result(std::uint32_t call, const handed_over& what) = 0;

 protected:
  ~caller() = default;
};

/// Something that has work at a time that it sets.
class waker {
 public:
  virtual void on_wake() = 0;

 protected:
  ~waker() = default;
};

/// What a client did to get its tokens. Unknown figures are 0.
struct minter_counts {
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::uint64_t stale_retries = 0;  ///< of these, for a connection found closed
  std::uint64_t hedges = 0;         ///< of these, second ones beside a late one
  std::uint64_t rate_limited = 0;   ///< replies with 429
  std::uint64_t too_late = 0;       ///< tokens that were too old to be handed over
  std::uint64_t connections = 0;    ///< dialled
  std::uint64_t full_handshakes = 0;
  std::uint64_t resumed_handshakes = 0;
};

/// The API's address, key and authority.
struct server_address {
  std::string base_url;       ///< `https://HOST:PORT`
  std::string api_key;        ///< a stand-in, where the server takes any
  std::string authority_pem;  ///< empty: the system's
};

/// A client's settings. Clients without quota and deadline ignore these.
struct minter_settings {
  server_address server;
  std::size_t connections = 16;  ///< or streams of one connection, where the client multiplexes
  std::size_t streams = 0;       ///< Ephemint: at once on each connection, with HTTP/2; 0: HTTP/1.1
  quota rate = quota::unlimited();
  bool hedge = false;  ///< Ephemint: a second request beside a late one
  std::chrono::milliseconds deadline = std::chrono::seconds{8};
};

/// A client of the API: the library or an alternative. It sends POST with `API-Key` and `On-Behalf-Of` over a
/// verified TLS connection, parses the reply's JSON, and keeps token and `redirect_url`. All clients work on
/// the thread that calls `run`. Connections are kept from one run to the next.
class minter {
 public:
  virtual ~minter() = default;

  /// Establishes all connections, if the client can do that.
  virtual void warm_up() {}
  /// Reports to `to` later, never from inside this call. `account` must live until then; `to` may ask for the
  /// next mint from inside its call.
  virtual void mint(const account_id& account, std::uint32_t call, caller& to) = 0;
  /// A batch in the background: `call` is the account's index. `accounts` must live until all results are
  /// reported.
  virtual void mint_batch(std::span<const account_id> accounts, caller& to) {
    for (std::uint32_t i = 0; i < accounts.size(); ++i) mint(accounts[i], i, to);
  }
  virtual minter_counts counts() const = 0;

  /// Works until `stop`.
  virtual void run() = 0;
  /// From within.
  virtual void stop() = 0;
  /// Calls `whom` at that time, from inside `run`; replaces the call before. It may come early.
  virtual void wake_at(clock::time_point, waker& whom) = 0;
};

}  // namespace ephemint::bench

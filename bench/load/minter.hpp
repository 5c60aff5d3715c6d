#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::bench {

/// What a call came to, at the moment at which its caller has it.
struct handed_over {
  clock::time_point at;
  std::string_view failure = {};   ///< the error's name; empty: a token
  std::chrono::nanoseconds age{};  ///< of the token, since just before its request was written
};

/// Who made a call. `call` is the number that it was made with.
class caller {
 public:
  virtual void on_result(std::uint32_t call, const handed_over& what) = 0;

 protected:
  ~caller() = default;
};

/// What a client did to get its tokens.
struct minter_counts {
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::uint64_t stale_retries = 0;  ///< of these, for a connection found closed
  std::uint64_t rate_limited = 0;   ///< replies that said so
  std::uint64_t too_late = 0;       ///< tokens that were not handed over for their age
  std::uint64_t connections = 0;    ///< dialled
  std::uint64_t full_handshakes = 0;
  std::uint64_t resumed_handshakes = 0;
};

/// A client under load: the library, or what stands beside it. Lives on one `io_context` with one thread.
class minter {
 public:
  virtual ~minter() = default;

  virtual std::string_view name() const = 0;
  /// Has all connections established, where the client knows such a thing; runs its context for it.
  virtual void warm_up() {}
  /// Tells `to` later, never from within.
  virtual void mint(const account_id& account, std::uint32_t call, caller& to) = 0;
  /// A batch in the background: `call` is the account's index. `accounts` must live until all were told.
  virtual void mint_batch(std::span<const account_id> accounts, caller& to) = 0;
  virtual minter_counts counts() const = 0;
};

/// Where the API is, and how to be let in.
struct server_address {
  std::string base_url;
  std::string api_key;
  std::string authority_pem;
};

}  // namespace ephemint::bench

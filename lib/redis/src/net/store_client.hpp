#pragma once

#include "codec/script_text.hpp"
#include "codec/store_url.hpp"
#include "core/store_call.hpp"
#include "net/serial_gate.hpp"
#include "net/store_place.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ephemint::inline v0::redis {

/// Why a command wasn't answered.
struct store_failure {
  std::string message;  ///< one line without secrets; untrusted text is cut, and in quotes
};

/// Speaks to one store: finds it, signs in, and evaluates the quota's script. Several commands may be under
/// way; they are answered in order. All calls, in both directions, are made inside the gate; only the
/// constructor throws.
class store_client {
 public:
  /// Must outlive the client's `close`.
  class user {
   public:
    /// The store can be asked. Called each time a connection is established.
    virtual void on_ready() noexcept = 0;
    /// The answer to the command of that number.
    virtual void on_value(std::uint64_t command, std::vector<store_value>) noexcept = 0;
    /// No answer will come. Never called from inside `evaluate`.
    virtual void on_failure(std::uint64_t command, const store_failure&) noexcept = 0;
    /// The connection has ended, or couldn't be established, while no command waited for it.
    virtual void on_lost(const store_failure&) noexcept = 0;
    /// What keeps the user, and with it the client, alive while an operation is pending.
    virtual std::shared_ptr<const void> keeper() noexcept = 0;

   protected:
    ~user() = default;
  };

  virtual ~store_client() = default;
  /// Connects, unless it is connected or connecting.
  virtual void connect() noexcept = 0;
  /// Evaluates the quota's script by EVALSHA, or by EVAL if the store doesn't know the script; connects first
  /// if necessary. The command is answered or fails within `patience`. If there is no answer in that time the
  /// connection ends, and with it every command under way. `store_call::calm` is set when the command leaves.
  /// False: the command wasn't taken, for want of memory, and nothing more is told about it.
  virtual bool evaluate(std::uint64_t command, std::string key, store_call,
                        std::chrono::milliseconds patience) noexcept = 0;
  /// Whether the server says, by INFO, that it has run for longer than that. False if that isn't known.
  virtual bool older_than(std::chrono::milliseconds) const noexcept = 0;
  /// Ends everything: the user isn't called any more.
  virtual void close() noexcept = 0;
  /// The same when the context is gone: releases everything of the context's.
  virtual void drop() noexcept = 0;
};

/// How to reach a store that speaks Redis' protocol.
struct store_settings {
  store_url where;
  store_trust trust{};
};

/// Throws `std::bad_alloc`, and `std::invalid_argument`, naming the option, if there is nothing to trust.
std::unique_ptr<store_client> make_store_client(const boost::asio::any_io_executor&,
                                                std::shared_ptr<net::serial_gate>, store_settings,
                                                store_client::user&);

}  // namespace ephemint::inline v0::redis

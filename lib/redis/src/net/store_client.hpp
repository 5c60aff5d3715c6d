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
  std::string message;  ///< one line; no secret, no untrusted text that isn't quoted and cut
};

/// Speaks to one store: finds it, signs in, evaluates the quota's script. Commands may be out together: they
/// are answered in order. Everything is done, and told, inside the gate; nothing throws once it is made.
class store_client {
 public:
  /// Must outlive the client's `close`.
  class user {
   public:
    /// The store can be asked. Each time that a connection stands.
    virtual void on_ready() noexcept = 0;
    /// The answer to the command of that number.
    virtual void on_value(std::uint64_t command, std::vector<store_value>) noexcept = 0;
    /// None will come. Never from inside `evaluate`.
    virtual void on_failure(std::uint64_t command, const store_failure&) noexcept = 0;
    /// The connection has ended, or couldn't be had, while no command waited for it.
    virtual void on_lost(const store_failure&) noexcept = 0;
    /// What keeps the user, and with it the client, while something is pending.
    virtual std::shared_ptr<const void> keeper() noexcept = 0;

   protected:
    ~user() = default;
  };

  virtual ~store_client() = default;
  /// Connects, if it isn't connected or about to be.
  virtual void connect() noexcept = 0;
  /// EVALSHA of the quota's script, with EVAL where the store doesn't know it; connects first where that is
  /// needed. Answered or failed within `patience`. An answer that doesn't come in it ends the connection, and
  /// with it every command that is out. Whether the server is calm is said when the command leaves. False: it
  /// isn't taken, for want of memory, and nothing more is told of it.
  virtual bool evaluate(std::uint64_t command, std::string key, store_call,
                        std::chrono::milliseconds patience) noexcept = 0;
  /// Whether the server says that it has run for longer than that (INFO). False if it can't be known.
  virtual bool older_than(std::chrono::milliseconds) const noexcept = 0;
  /// Nobody is told anything any more, and nothing is pending.
  virtual void close() noexcept = 0;
  /// The same when the context is gone: lets go of all that is the context's.
  virtual void drop() noexcept = 0;
};

/// A store that speaks Redis' protocol, and how it is reached.
struct store_settings {
  store_url where;
  store_trust trust{};
};

/// Throws `std::bad_alloc`, and `std::invalid_argument`, naming the option, if there is nothing to trust.
std::unique_ptr<store_client> make_store_client(const boost::asio::any_io_executor&,
                                                std::shared_ptr<net::serial_gate>, store_settings,
                                                store_client::user&);

}  // namespace ephemint::inline v0::redis

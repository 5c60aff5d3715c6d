#pragma once

#include "codec/script_text.hpp"

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

/// Speaks to one store: finds it, signs in, evaluates scripts. Commands may be out together: they are
/// answered in order. Everything is done, and told, on one strand; nothing throws once it is made.
class store_client {
 public:
  class user {
   public:
    /// The answer to the command of that number.
    virtual void on_value(std::uint64_t command, std::vector<store_value>) noexcept = 0;
    /// None will come. The connection is ended: every command that is out fails.
    virtual void on_failure(std::uint64_t command, const store_failure&) noexcept = 0;

   protected:
    ~user() = default;
  };

  virtual ~store_client() = default;
  /// EVALSHA of the quota's script, with EVAL where the store doesn't know it; connects first where that is
  /// needed. Answered or failed within `patience`.
  virtual void evaluate(std::uint64_t command, const std::string& key,
                        const std::vector<std::string>& arguments,
                        std::chrono::milliseconds patience) noexcept = 0;
  /// Whether the server says that it has run for longer than that (INFO). False if it can't be known.
  virtual bool older_than(std::chrono::milliseconds) const noexcept = 0;
  /// Nobody is told anything any more.
  virtual void close() noexcept = 0;
};

}  // namespace ephemint::inline v0::redis

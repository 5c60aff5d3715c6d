#pragma once

#include "core/mints/mint.hpp"
#include "net/serial_gate.hpp"

#include <ephemint/ephemeral_token.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <memory>

namespace ephemint::inline v0::detail {

/// A mint of this client's: the engine's record of it, and the caller who hears of its end. Inside the gate
/// from submission on.
class operation : public core::mint {
 public:
  /// It is over. Inside the gate, once; it destroys itself then, or when its caller was told.
  virtual void finished(mint_result&&) noexcept = 0;
  /// The context is gone: destroys itself, and tells nobody.
  virtual void abandoned() noexcept = 0;

  boost::intrusive::list_member_hook<> among_siblings;  ///< of one stream
  bool token_only = false;                              ///< as in `mint_request`

 protected:
  ~operation() = default;
};

/// Somebody's wait that ends when its caller cancels it.
class cancellable {
 public:
  virtual void on_cancel() noexcept = 0;  ///< inside the gate

 protected:
  ~cancellable() = default;
};

/// What a caller's cancellation slot and the wait that it ends know of each other. The signal may come on any
/// executor, and when the wait is long over.
class cancel_link final : public std::enable_shared_from_this<cancel_link> {
 public:
  cancel_link(std::shared_ptr<net::serial_gate> gate, cancellable& what) noexcept
      : gate_{std::move(gate)}, what_{&what} {}

  /// Has a signal at the slot cancel `what`, if the slot is connected; a link is then given. Throws
  /// `std::bad_alloc`.
  static std::shared_ptr<cancel_link> connect(boost::asio::cancellation_slot,
                                              std::shared_ptr<net::serial_gate>, cancellable& what);

  // --- inside the gate ---
  /// The wait has begun. False: it was cancelled before.
  bool begin() noexcept {
    begun_ = true;
    return !cancelled_;
  }
  /// The wait is over: a signal does nothing any more.
  void end() noexcept { what_ = nullptr; }

 private:
  void on_signal();
  void cancel() noexcept;

  const std::shared_ptr<net::serial_gate> gate_;
  cancellable* what_;
  bool begun_ = false;
  bool cancelled_ = false;
  std::atomic<bool> signalled_{false};
  net::member_task<cancel_link, &cancel_link::cancel> cancel_{*this};
};

}  // namespace ephemint::inline v0::detail

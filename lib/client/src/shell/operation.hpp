#pragma once

#include "core/mints/mint.hpp"
#include "net/serial_gate.hpp"

#include <ephemint/ephemeral_token.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <memory>

namespace ephemint::inline v0::detail {

/// A mint of a client: the engine's record of it, and the caller that is told of its end. Used only inside
/// the gate once it was submitted.
class operation : public core::mint {
 public:
  /// The mint is over. Called once, inside the gate. The operation then destroys itself, at once or when its
  /// caller was told.
  virtual void finished(mint_result&&) noexcept = 0;
  /// The context is gone: the operation destroys itself without telling its caller.
  virtual void abandoned() noexcept = 0;

  boost::intrusive::list_member_hook<> among_siblings;  ///< hook among the mints of one stream
  bool token_only = false;                              ///< as in `mint_request`

 protected:
  ~operation() = default;
};

/// A wait that its caller can cancel.
class cancellable {
 public:
  virtual void on_cancel() noexcept = 0;  ///< inside the gate

 protected:
  ~cancellable() = default;
};

/// Connects a caller's cancellation slot with the wait that it cancels. The signal may come on any executor,
/// even when the wait is long over.
class cancel_link final : public std::enable_shared_from_this<cancel_link> {
 public:
  cancel_link(std::shared_ptr<net::serial_gate> gate, cancellable& what) noexcept
      : gate_{std::move(gate)}, what_{&what} {}

  /// If the slot is connected, makes a link by which its signal cancels `what`; otherwise returns null.
  /// Throws `std::bad_alloc`.
  static std::shared_ptr<cancel_link> connect(boost::asio::cancellation_slot,
                                              std::shared_ptr<net::serial_gate>, cancellable& what);

  // --- inside the gate ---
  /// The wait begins. False: it was cancelled before that.
  bool begin() noexcept {
    begun_ = true;
    return !cancelled_;
  }
  /// The wait is over: from now on a signal does nothing.
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

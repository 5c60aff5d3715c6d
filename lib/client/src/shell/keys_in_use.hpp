#pragma once

#include "codec/reply.hpp"
#include "codec/request.hpp"
#include "core/key/key_state.hpp"
#include "shell/checked_options.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace ephemint::inline v0::detail {

/// The key that a client's requests are written with, and those before it whose requests may still be out: a
/// reply may echo any of them. What was written with a key is overwritten when that is let go. Inside the
/// gate.
class keys_in_use {
 public:
  /// Throws `std::bad_alloc`.
  keys_in_use(std::shared_ptr<core::key_state>, const checked_options&);

  core::key_state& state() const noexcept { return *state_; }
  const std::shared_ptr<core::key_state>& shared_state() const noexcept { return state_; }

  /// Writes with the key that is in force from now on. Throws `std::bad_alloc` where that is a new one; then
  /// all is as before.
  void follow() {
    if (now_.version != state_->version()) take_up(state_->current());
  }
  std::uint64_t version() const noexcept { return now_.version; }

  request_writer& writer(bool token_only) noexcept { return token_only ? bare_writer_ : writer_; }
  reply_reader& reader() noexcept { return reader_; }

  /// Whether one before is still held.
  bool any_before() const noexcept { return !before_.empty(); }
  /// No request is out with one of them. Throws `std::bad_alloc`, and then holds them still.
  void forget_before();

 private:
  void take_up(core::key_state::held_key);
  request_writer writer_of(const core::key_state::held_key&, const std::string& target) const;

  const std::shared_ptr<core::key_state> state_;
  const checked_options checked_;
  core::key_state::held_key now_;
  std::vector<core::key_state::held_key> before_;
  request_writer writer_;
  request_writer bare_writer_;  // of requests for the token alone
  reply_reader reader_;         // refers to the keys
};

}  // namespace ephemint::inline v0::detail

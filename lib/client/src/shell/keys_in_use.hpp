#pragma once

#include "codec/reply.hpp"
#include "codec/request.hpp"
#include "core/key/key_state.hpp"
#include "shell/checked_options.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace ephemint::inline v0::detail {

/// The key of a client's new requests, and earlier keys whose requests may still be under way: a reply may
/// echo any of them. When a key is dropped, the requests written with it are overwritten. Used inside the
/// gate.
class keys_in_use {
 public:
  /// Throws `std::bad_alloc`.
  keys_in_use(std::shared_ptr<core::key_state>, const checked_options&);

  core::key_state& state() const noexcept { return *state_; }
  const std::shared_ptr<core::key_state>& shared_state() const noexcept { return state_; }

  /// From now on requests are written with the key that is in force. Throws `std::bad_alloc` if that is a new
  /// key; then nothing has changed.
  void follow() {
    if (now_.version != state_->version()) take_up(state_->current());
  }
  std::uint64_t version() const noexcept { return now_.version; }

  request_writer& writer(bool token_only) noexcept { return token_only ? bare_writer_ : writer_; }
  reply_reader& reader() noexcept { return reader_; }

  /// Whether an earlier key is still held.
  bool any_before() const noexcept { return !before_.empty(); }
  /// Drops the earlier keys: no request with one of them is under way. Throws `std::bad_alloc`, and then
  /// still holds them.
  void forget_before();

 private:
  void take_up(core::key_state::held_key);
  request_writer writer_of(const core::key_state::held_key&, const std::string& target) const;

  const std::shared_ptr<core::key_state> state_;
  const checked_options checked_;
  core::key_state::held_key now_;
  std::vector<core::key_state::held_key> before_;
  request_writer writer_;
  request_writer bare_writer_;  // for requests of the token alone
  reply_reader reader_;         // refers to the keys
};

}  // namespace ephemint::inline v0::detail

#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>
#include <ephemint/observer.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace ephemint::inline v0::gateway {

/// Facts about a mint that its token doesn't hold.
struct mint_note {
  int attempts = 0;        ///< 0: not known
  std::string request_id;  ///< the API's; empty: none
};

/// Notes finished mints by their `tag`, before their callers are told. From any thread, like every observer.
class mint_notes final : public observer {
 public:
  /// A new tag, for a mint of which a note is wanted.
  std::uint64_t next_tag() {
    const std::scoped_lock lock{mutex_};
    return ++last_tag_;
  }
  /// Removes and returns the note of a mint that is over.
  mint_note take(std::uint64_t tag) {
    const std::scoped_lock lock{mutex_};
    auto one = notes_.extract(tag);
    return one ? std::move(one.mapped()) : mint_note{};
  }

  /// How long one refusal counts. It must end: a gateway that isn't ready gets no requests, and would never
  /// learn that the key is good again.
  static constexpr std::chrono::seconds believed{60};

  /// Whether the key was refused lately and has never minted, as with a key that was wrong from the start.
  /// About a key that has minted the client knows more.
  bool key_is_refused(clock::time_point now) const {
    const std::scoped_lock lock{mutex_};
    return !minted_ && refused_at_ && now - *refused_at_ < believed;
  }
  /// There is a new key.
  void forget_key() {
    const std::scoped_lock lock{mutex_};
    minted_ = false;
    refused_at_.reset();
  }

  void on_mint(const mint_report& over) noexcept override {
    const std::scoped_lock lock{mutex_};
    minted_ = minted_ || !over.error;
    if (over.error == mint_errc::unauthorized) refused_at_ = clock::now();
    if (over.tag == 0) return;  // not one of ours
    try {
      notes_[over.tag] = {over.attempts, std::string{over.request_id}};
    } catch (const std::bad_alloc&) {  // then there is no note
    }
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, mint_note> notes_;  ///< by tag, until they are taken
  std::uint64_t last_tag_ = 0;
  bool minted_ = false;  ///< with the present key
  std::optional<clock::time_point> refused_at_;
};

}  // namespace ephemint::inline v0::gateway

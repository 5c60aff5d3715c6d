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

/// What a token doesn't say of its mint.
struct mint_note {
  int attempts = 0;        ///< 0: not known
  std::string request_id;  ///< the API's; empty: none
};

/// Hears of mints by their `tag`, before their callers do. From any thread, as an observer is.
class mint_notes final : public observer {
 public:
  /// For a mint of which a note shall be taken.
  std::uint64_t next_tag() {
    const std::scoped_lock lock{mutex_};
    return ++last_tag_;
  }
  /// The note of a mint that is over; once.
  mint_note take(std::uint64_t tag) {
    const std::scoped_lock lock{mutex_};
    auto one = notes_.extract(tag);
    return one ? std::move(one.mapped()) : mint_note{};
  }

  /// How long one refusal is believed: who isn't ready isn't asked, and would never hear better.
  static constexpr std::chrono::seconds believed{60};

  /// Whether the key was refused lately and nothing was minted with it: so it is with a wrong one from the
  /// start. Of a key that has minted the client knows more.
  bool key_is_refused(clock::time_point now) const {
    const std::scoped_lock lock{mutex_};
    return !minted_ && refused_at_ && now - *refused_at_ < believed;
  }
  /// There is another key.
  void forget_key() {
    const std::scoped_lock lock{mutex_};
    minted_ = false;
    refused_at_.reset();
  }

  void on_mint(const mint_report& over) noexcept override {
    const std::scoped_lock lock{mutex_};
    minted_ = minted_ || !over.error;
    if (over.error == mint_errc::unauthorized) refused_at_ = clock::now();
    if (over.tag == 0) return;  // nobody's
    try {
      notes_[over.tag] = {over.attempts, std::string{over.request_id}};
    } catch (const std::bad_alloc&) {  // then it isn't known
    }
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, mint_note> notes_;  ///< by tag, until they are taken
  std::uint64_t last_tag_ = 0;
  bool minted_ = false;  ///< with the key of now
  std::optional<clock::time_point> refused_at_;
};

}  // namespace ephemint::inline v0::gateway

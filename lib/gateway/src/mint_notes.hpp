#pragma once

#include <ephemint/observer.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace ephemint::inline v0::gateway {

/// What a token doesn't say of its mint.
struct mint_note {
  int attempts = 0;        ///< 0: not known
  std::string request_id;  ///< the API's; empty: none
};

/// Hears of mints by their `tag`, before their callers do. From any thread, as an observer is.
class mint_notes final : public observer {
 public:
  void on_mint(const mint_report&) noexcept override;

 private:
  friend class noted_mint;

  std::mutex mutex_;
  std::map<std::uint64_t, mint_note> open_;  ///< by tag
  std::uint64_t last_tag_ = 0;               ///< 0 is nobody's
};

/// A mint of which a note is taken while this lives.
class noted_mint {
 public:
  explicit noted_mint(mint_notes&);
  noted_mint(const noted_mint&) = delete;
  noted_mint& operator=(const noted_mint&) = delete;
  ~noted_mint();

  /// For its request.
  std::uint64_t tag() const noexcept { return tag_; }
  mint_note note() const;

 private:
  mint_notes& all_;
  std::uint64_t tag_ = 0;
};

}  // namespace ephemint::inline v0::gateway

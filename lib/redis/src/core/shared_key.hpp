#pragma once

#include "core/key/key_state.hpp"
#include "core/store_call.hpp"
#include "core/time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// What the members of a shared quota tell each other of their API key: that it is refused or works again,
/// and whose turn it is to try a refused one. Stands between this process' guard and the store. What a
/// member's own requests have shown while a command was out goes before what its answer says. Under the
/// governor's lock.
class shared_key {
 public:
  using tag_maker = std::function<std::string(std::string_view key)>;

  /// `credential` null: nothing is said or asked of a key. `tag_of` may throw `std::bad_alloc`.
  shared_key(std::shared_ptr<core::key_state> credential, tag_maker tag_of);
  ~shared_key();
  shared_key(const shared_key&) = delete;
  shared_key& operator=(const shared_key&) = delete;

  void tell(std::weak_ptr<core::key_watch>) noexcept;
  /// Whether the store is there: it grants the probes then.
  void set_reached(bool) noexcept;
  /// Something is to be said, or asked.
  bool has_word() const noexcept;

  /// The store says so: others may find it good at any moment.
  bool refused_there() const noexcept { return refused_there_; }

  /// Readies what the next command says. Throws `std::bad_alloc`; then nothing has changed.
  void prepare();
  /// As prepared.
  void write(store_call&) noexcept;
  /// Whether who waits for the key is to look again.
  bool on_answer(core::time_point now, const store_answer&) noexcept;

 private:
  using word = store_call::key_word;
  // The store lets nobody else try for 3 s.
  static constexpr std::chrono::seconds grant{2};

  struct said {
    core::key_report known;
    word what = word::nothing;
  };

  word word_for(const core::key_report&) const noexcept;

  std::shared_ptr<core::key_state> credential_;
  tag_maker tag_of_;
  std::string tag_;       // of the key of `version_`
  std::string next_tag_;  // the same, for the next command
  std::uint64_t version_ = 0;
  std::optional<said> out_;
  bool reached_ = false;
  // As the store last said.
  std::optional<std::uint64_t> revision_;
  bool refused_there_ = false;
  std::uint64_t told_refusals_ = 0;
};

}  // namespace ephemint::inline v0::redis

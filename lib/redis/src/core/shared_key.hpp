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

/// What the members of a shared quota tell each other about their API key: that it is refused or works again,
/// and whose turn it is to probe a refused key. It stands between this process's guard and the store. What a
/// member's own requests have shown while a command was under way overrides the command's answer. Used under
/// the governor's lock.
class shared_key {
 public:
  using tag_maker = std::function<std::string(std::string_view key)>;

  /// If `credential` is null, keys aren't shared. `tag_of` may throw `std::bad_alloc`.
  shared_key(std::shared_ptr<core::key_state> credential, tag_maker tag_of);
  ~shared_key();
  shared_key(const shared_key&) = delete;
  shared_key& operator=(const shared_key&) = delete;

  void tell(std::weak_ptr<core::key_watch>) noexcept;
  /// Whether the store can be reached: then it grants the probes.
  void set_reached(bool) noexcept;
  /// Whether there is news for the store, or a probe to ask for.
  bool has_word() const noexcept;

  /// Whether the store says that the key is refused: another member may find it good at any moment.
  bool refused_there() const noexcept { return refused_there_; }

  /// Prepares what the next command says. Throws `std::bad_alloc`; then nothing has changed.
  void prepare();
  /// Writes what was prepared.
  void write(store_call&) noexcept;
  /// Returns whether mints that wait for the key should be tried again.
  bool on_answer(core::time_point now, const store_answer&) noexcept;

 private:
  using word = store_call::key_word;
  // The store grants no other probe for 3 s.
  static constexpr std::chrono::seconds grant{2};

  struct said {
    core::key_report known;
    word what = word::nothing;
  };

  word word_for(const core::key_report&) const noexcept;

  std::shared_ptr<core::key_state> credential_;
  tag_maker tag_of_;
  std::string tag_;       // the tag of the key of `version_`
  std::string next_tag_;  // a copy for the next command
  std::uint64_t version_ = 0;
  std::optional<said> out_;
  bool reached_ = false;
  // From the store's last answer.
  std::optional<std::uint64_t> revision_;
  bool refused_there_ = false;
  std::uint64_t told_refusals_ = 0;
};

}  // namespace ephemint::inline v0::redis

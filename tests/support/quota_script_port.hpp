#pragma once

#include "core/store_call.hpp"
#include "support/quota_script_line.hpp"
#include "support/quota_script_log.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace ephemint::test {

/// The data of one key of the script, and the effect of a call.
class quota_script_state {
 public:
  /// A new one, made by this call.
  quota_script_state(std::int64_t now, const redis::store_call&);

  redis::store_answer evaluate(std::int64_t time, const redis::store_call&);

  std::int64_t now() const noexcept { return now_; }
  std::int64_t window() const noexcept { return window_; }
  std::int64_t counted() const noexcept { return log_.counted(); }
  std::int64_t held() const noexcept { return held_; }
  std::size_t members() const noexcept { return members_.size(); }
  /// It was made by another version.
  void set_version(std::uint64_t version) noexcept { version_ = version; }

  /// As the hash's fields, without those that are 0 or empty.
  std::map<std::string, std::string> fields() const;

 private:
  struct member {
    std::int64_t seq = 0, used = 0, held = 0, expires = 0, quota = 0, logins_since = 0, background_since = 0;
  };
  struct refused_key {
    std::string tag;
    std::int64_t revision = 0, since = 0, until = 0, attempt = 0, attempts = 0;
  };
  struct wants {
    std::int64_t logins = 0, background = 0, spare = 0;
  };
  struct grants {
    std::int64_t logins = 0, background = 0, ask = -1;
    redis::store_answer::mode mode = redis::store_answer::mode::open;
  };
  /// Values that the parts of a call share.
  struct turn {
    wants want{};
    grants given{};
    std::int64_t held = 0, others_hold = 0, limit = 0, step = 0;
    std::int64_t logins_since = 0, background_since = 0, logins_before = 0, background_before = 0;
    double pace = 0, logins = 0;
  };

  void look_through();
  redis::store_answer brief(redis::store_answer::status) const;
  void join(const redis::store_call&);
  void learn(const redis::store_call&);
  std::int64_t limit() const noexcept;
  void hear_refusal(const redis::store_call&);
  void hear_of_key(const redis::store_call&, redis::store_answer&);
  refused_key* find_key(const std::string& tag);
  void report_uses(const redis::store_call&, turn&);
  void take_place(turn&);
  std::int64_t free(const turn&) const noexcept;
  void grant(turn&, bool bye);
  void give(turn&);
  void give_background(turn&, double reserve);
  void keep(const redis::store_call&, const turn&);

  bool begun_ = false;
  std::uint64_t version_ = 1;
  std::int64_t window_;
  std::string epoch_;
  std::int64_t rev_ = 0, now_ = 0, held_ = 0, quota_ = 0, check_ = 0;
  std::int64_t pause_ = 0, pause_at_ = 0, probe_ = 0, recover_ = 0, recovered_ = 0;
  std::int64_t pace_ = 0, last_ = 0, logins_ = 0, logins_at_ = 0, learned_ = 0, learned_rev_ = 0;
  std::string first_;
  std::unordered_map<std::string, member> members_;
  // For the call that is being evaluated.
  const std::string* my_name_ = nullptr;
  member* me_ = nullptr;
  quota_script_log log_;
  quota_script_line logins_line_, background_line_;
  std::vector<refused_key> keys_;
};

/// The quota's script in C++, for simulations that make millions of calls. A test keeps it equal to the
/// script itself. It doesn't check what a store would refuse or cut: names must be well-formed.
///
/// A copy serves as an older replica.
class quota_script_port {
 public:
  /// `now_ms`: the store's clock.
  redis::store_answer evaluate(std::int64_t now_ms, const std::string& key, const redis::store_call&);

  /// The store loses its data.
  void flush() { states_.clear(); }
  /// Null if the store has no such key, or its time to live has passed.
  quota_script_state* find(std::int64_t now_ms, const std::string& key);

 private:
  std::unordered_map<std::string, quota_script_state> states_;
};

}  // namespace ephemint::test

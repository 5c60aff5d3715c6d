#pragma once

#include "core/lease_book.hpp"
#include "core/leasing_governor.hpp"
#include "core/quota/by_account.hpp"
#include "core/random.hpp"
#include "core/shared_key.hpp"
#include "core/time.hpp"

#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::inline v0::redis {

/// A book, and where the store keeps its count.
class shared_count final : public lease_book {
 public:
  /// `lost`: counts those whose store fails; outlives it.
  shared_count(const lease_terms& terms, std::uint64_t seed, std::string key, std::size_t& lost)
      : lease_book{terms, seed}, key_{std::move(key)}, all_lost_{lost} {}
  ~shared_count() override { count_lost(false); }

  static shared_count& of(const core::outstanding_permit& p) noexcept {
    return static_cast<shared_count&>(static_cast<lease_book&>(*p.count->lease()));
  }
  const std::string& key() const noexcept { return key_; }

 private:
  friend class lease_shelf;

  void count_lost(bool lost) noexcept {
    if (lost == counted_lost_) return;
    counted_lost_ = lost;
    lost ? ++all_lost_ : --all_lost_;
  }

  std::string key_;
  std::size_t& all_lost_;
  bool counted_lost_ = false;
  core::time_point due_ = core::never;
  boost::intrusive::set_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> in_due_;
};

/// The books of one process: the key's, or one an account; and in which order they have something to say.
class lease_shelf {
 public:
  /// Throws `std::bad_alloc`.
  explicit lease_shelf(leasing_governor::settings);

  milliseconds window() const noexcept { return settings_.rate.window(); }
  quota_scope scope() const noexcept { return settings_.scope; }
  /// Nothing is sent while the store is away.
  bool stops() const noexcept { return settings_.stop_if_lost; }
  /// The store fails, for one at least.
  bool lost() const noexcept { return lost_ > 0; }
  void set_calm(bool calm) noexcept { calm_ = calm; }

  /// Made if it isn't there. Throws `std::bad_alloc`; the next try then makes the same.
  shared_count& at(core::time_point now, std::string_view account);
  /// Null if it isn't there.
  shared_count* find(std::string_view account) noexcept;
  template <class F>
  void for_each(F f) const {
    if (whole_)
      f(*whole_);
    else
      accounts_.for_each(f);
  }

  /// Of the key's count; where each account has its own, the quota as it was given.
  quota_state state(core::time_point now) const noexcept {
    return whole_ ? whole_->state(now) : quota_state{.in_force = settings_.rate};
  }

  /// Something was done with this book.
  void arrange(shared_count&, core::time_point now) noexcept;
  void expect_askers() noexcept;
  void leave(std::uint32_t client) noexcept;
  void leave_store(core::time_point now) noexcept;

  /// As the governor's.
  std::optional<leasing_governor::outgoing> next_call(core::time_point now);
  core::time_point wake_at() const noexcept;
  /// Whose command that was; null if none of that number is out.
  shared_count* take_out(std::uint64_t number) noexcept;
  /// Whether somebody who waits may go earlier than it was told.
  bool on_answer(core::time_point now, shared_count&, const store_answer&) noexcept;

  /// Who hears what clients learn of the key.
  void watch_key(std::weak_ptr<core::key_watch> watch) noexcept { key_.tell(std::move(watch)); }
  /// Clients have learnt something of it, or ask to try it.
  void key_judged(core::time_point now) noexcept;
  /// Whether the last answer changed what is known of it.
  bool key_changed() noexcept { return std::exchange(key_changed_, false); }

 private:
  static constexpr std::size_t most_out = 64;
  // Of a command while the store has never answered.
  static constexpr std::chrono::seconds first_patience{2};
  // Between a word of the key that the store didn't take, and the next.
  static constexpr std::chrono::milliseconds key_step{100};
  // While the key is refused, the store is asked so often whether it still is.
  static constexpr std::chrono::seconds refused_word{1};

  struct by_due {
    bool operator()(const shared_count& a, const shared_count& b) const noexcept { return a.due_ < b.due_; }
  };
  using due_order = boost::intrusive::multiset<
      shared_count,
      boost::intrusive::member_hook<
          shared_count,
          boost::intrusive::set_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
          &shared_count::in_due_>,
      boost::intrusive::compare<by_due>, boost::intrusive::constant_time_size<false>>;
  struct command {
    std::uint64_t number;
    shared_count* of;
  };

  lease_terms terms() const noexcept;

  leasing_governor::settings settings_;
  core::splitmix random_;
  std::size_t lost_ = 0;
  std::unique_ptr<shared_count> whole_;  // null: one an account
  core::by_account<shared_count> accounts_;
  due_order due_;
  shared_key key_;
  bool key_changed_ = false;
  std::vector<command> out_;
  std::uint64_t last_number_ = 0;
  bool calm_ = false;
  bool leaving_ = false;
};

}  // namespace ephemint::inline v0::redis

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

/// A lease book, with the store's key of its count.
class shared_count final : public lease_book {
 public:
  /// `lost`: the number of counts whose store fails; must outlive this object.
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

/// The books of one process: the key's, or one for each account; and the order in which their commands are
/// due.
class lease_shelf {
 public:
  /// Throws `std::bad_alloc`.
  explicit lease_shelf(leasing_governor::settings);

  milliseconds window() const noexcept { return settings_.rate.window(); }
  quota_scope scope() const noexcept { return settings_.scope; }
  /// Whether nothing is sent while the store is away.
  bool stops() const noexcept { return settings_.stop_if_lost; }
  /// Whether the store fails, for at least one book.
  bool lost() const noexcept { return lost_ > 0; }
  void set_calm(bool calm) noexcept { calm_ = calm; }

  /// The account's book, which is made if it isn't there. Throws `std::bad_alloc`; the next call then makes
  /// the same.
  shared_count& at(core::time_point now, std::string_view account);
  /// Null if there is none.
  shared_count* find(std::string_view account) noexcept;
  template <class F>
  void for_each(F f) {
    if (whole_)
      f(*whole_);
    else
      accounts_.for_each(f);
  }

  /// The state of the key's count; if each account has its own, the quota as it was given.
  quota_state state(core::time_point now) const noexcept {
    return whole_ ? whole_->state(now) : quota_state{.in_force = settings_.rate};
  }

  /// Call it after each change of a book: sorts the book by its due time.
  void arrange(shared_count&, core::time_point now) noexcept;
  void expect_askers() noexcept;
  void leave(std::uint32_t client) noexcept;
  void leave_store(core::time_point now) noexcept;

  /// As the governor's.
  std::optional<leasing_governor::outgoing> next_call(core::time_point now);
  core::time_point wake_at() const noexcept;
  /// The book of that command, which is no longer under way; null if there is no such command.
  shared_count* take_out(std::uint64_t number) noexcept;
  /// Returns whether a waiting client may go earlier than it was told.
  bool on_answer(core::time_point now, shared_count&, const store_answer&) noexcept;

  /// Sets who is told what clients learn about the key.
  void watch_key(std::weak_ptr<core::key_watch> watch) noexcept { key_.tell(std::move(watch)); }
  /// Clients have learnt something about the key, or ask to probe it.
  void key_judged(core::time_point now) noexcept;
  /// Whether the last answer changed what is known about the key.
  bool key_changed() noexcept { return std::exchange(key_changed_, false); }

 private:
  static constexpr std::size_t most_out = 64;
  // For a command while the store has never answered.
  static constexpr std::chrono::seconds first_patience{2};
  // The time between news of the key that the store didn't accept and the next try.
  static constexpr std::chrono::milliseconds key_step{100};
  // How often the store is asked whether a refused key is still refused.
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
  std::unique_ptr<shared_count> whole_;  // null: one book for each account
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

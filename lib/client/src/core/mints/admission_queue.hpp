#pragma once

#include "core/mints/mint.hpp"

#include <boost/intrusive/set.hpp>
#include <boost/intrusive/unordered_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ephemint::inline v0::core {

/// The mints that wait for a link and a permit. There are two priorities; within each the queue is fair
/// between accounts, and serves the earliest deadline first.
///
/// *Turns* reconcile fairness and deadlines. Only an account's first mint, its head, competes. A head's turn
/// is its deadline, so mints of different accounts go by earliest deadline. When a head is served, its
/// account's next mint becomes head, with a turn after every head that is waiting at that moment. So no
/// account is served twice before a mint that already waits (behaviours Q7); and as turns are points in time,
/// no mint is overtaken for ever. Within an account the earliest deadline goes first: a mint with an earlier
/// deadline than its account's head takes the head's place, but a turn that was put off stays put off.
///
/// Only the constructor needs memory; where the queue allocates later, it can do without.
///
/// A mint without a deadline, or with a far one, gets the turn of a deadline `far_turn` after its submission.
class admission_queue {
 public:
  /// One window of the documented quota: within that time the queue is served, unless something else is
  /// wrong.
  static constexpr std::chrono::seconds far_turn{60};

  admission_queue();
  ~admission_queue();
  admission_queue(const admission_queue&) = delete;
  admission_queue& operator=(const admission_queue&) = delete;

  /// Queues a mint whose place is `nowhere`.
  void push(mint&) noexcept;
  /// The mint of that priority whose turn is next, or null.
  mint* front(priority) noexcept;
  /// Removes a head that got its link and permit: its account's turn is over.
  void serve(mint& head) noexcept;
  /// Removes a head or follower that ends unserved: its account keeps its turn.
  void drop(mint&) noexcept;

  /// Makes an account's head, and with it the account, wait until then (for a quota per account).
  void park(mint& head, time_point until) noexcept;
  /// Makes a mint whose place is `nowhere` wait until then before it is queued.
  void delay(mint&, time_point until) noexcept;
  /// Removes a parked or delayed mint.
  void erase_waiting(mint&) noexcept;
  /// Queues again a mint that was parked or delayed until now or earlier. Null: there is none.
  mint* wake(time_point now) noexcept;
  /// When `wake` has something to do next, or `never`.
  time_point next_wake() const noexcept;

  /// Heads and followers of that priority.
  std::size_t size(priority p) const noexcept { return lines_[static_cast<std::size_t>(p)].size; }
  /// Accounts with a waiting mint of that priority: at most that many mints are served before the first mint
  /// of a newly queued account.
  std::size_t accounts(priority p) const noexcept {
    return lines_[static_cast<std::size_t>(p)].heads_by_account.size();
  }
  /// How many heads of that priority go before a mint that was submitted now; counts no further than `most`.
  std::size_t ahead(priority, time_point now, time_point deadline, std::size_t most) const noexcept;
  bool empty() const noexcept { return size(priority::interactive) + size(priority::background) == 0; }

 private:
  struct by_turn {
    bool operator()(const mint& a, const mint& b) const noexcept {
      return a.until != b.until ? a.until < b.until : a.order < b.order;
    }
  };
  struct by_account {
    bool operator()(const mint& a, const mint& b) const noexcept;
  };
  struct account_hash {
    std::size_t operator()(const mint& m) const noexcept { return static_cast<std::size_t>(m.account_hash); }
  };
  struct same_account {
    bool operator()(const mint& a, const mint& b) const noexcept {
      return a.account_hash == b.account_hash && a.account == b.account;
    }
  };
  template <class Less>
  using mint_set =
      boost::intrusive::multiset<mint, boost::intrusive::member_hook<mint, mint::set_hook, &mint::in_line>,
                                 boost::intrusive::compare<Less>,
                                 boost::intrusive::constant_time_size<false>>;
  using head_table = boost::intrusive::unordered_set<
      mint, boost::intrusive::member_hook<mint, mint::table_hook, &mint::in_table>,
      boost::intrusive::hash<account_hash>, boost::intrusive::equal<same_account>,
      boost::intrusive::power_2_buckets<true>>;

  struct line {
    line();
    std::vector<head_table::bucket_type> buckets;
    head_table heads_by_account;  // including parked heads
    mint_set<by_turn> heads;
    mint_set<by_account> followers;
    std::size_t size = 0;

    void grow() noexcept;
  };

  line& line_of(const mint& m) noexcept { return lines_[static_cast<std::size_t>(m.urgency)]; }
  void enter_head(line&, mint&, time_point turn) noexcept;
  void replace_head(line&, mint& head, mint& by) noexcept;
  void succeed_head(line&, mint&, time_point not_before) noexcept;

  std::array<line, 2> lines_;
  mint_set<by_turn> waiting_;  // parked and delayed
  std::uint64_t order_ = 0;
};

}  // namespace ephemint::inline v0::core

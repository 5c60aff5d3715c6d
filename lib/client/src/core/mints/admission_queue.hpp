#pragma once

#include "core/mints/job.hpp"

#include <boost/intrusive/set.hpp>
#include <boost/intrusive/unordered_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ephemint::inline v0::core {

/// The jobs that wait for a lane and a permit: two priorities, and in each fairness between accounts and
/// earliest deadline first.
///
/// The two are reconciled by *turns*. Only an account's first job, its head, competes. A head's turn is its
/// deadline, so jobs of different accounts go by earliest deadline. When a head is served, its account's next
/// job becomes head with a turn behind every head that is waiting at that moment: so while somebody waits, no
/// account is served twice before them (behaviours Q7), and since turns are points in time, nobody is
/// overtaken for ever. Within an account the earliest deadline goes first: a job that is more urgent than its
/// account's head takes the head's place, but wins back no turn that was put off.
///
/// A job without a deadline, or with a far one, takes the turn of one that is due `far_turn` after it was
/// submitted.
class admission_queue {
 public:
  /// One window of the documented quota: within it the queue is served, or something else is wrong.
  static constexpr std::chrono::seconds far_turn{60};

  admission_queue();
  ~admission_queue();
  admission_queue(const admission_queue&) = delete;
  admission_queue& operator=(const admission_queue&) = delete;

  /// Queues a job that is nowhere.
  void push(job&);
  /// The job of that priority whose turn is next, or null.
  job* front(priority) noexcept;
  /// Takes a head out that gets its lane and permit: its account's turn is over.
  void serve(job& head) noexcept;
  /// Takes a head or follower out that ends unserved: its account keeps its turn.
  void drop(job&) noexcept;

  /// Has an account's head, and with it the account, wait until then (a quota per account).
  void park(job& head, time_point until) noexcept;
  /// Has a job that is nowhere wait until then before it is queued.
  void delay(job&, time_point until) noexcept;
  /// Takes a parked or delayed job out.
  void erase_waiting(job&) noexcept;
  /// Queues again whatever was parked or delayed up to now.
  void wake(time_point now);
  /// When `wake` has something to do next, or `never`.
  time_point next_wake() const noexcept;

  /// Heads and followers of that priority.
  std::size_t size(priority p) const noexcept { return lines_[static_cast<std::size_t>(p)].size; }
  /// Accounts with a job of that priority waiting: at most so many are served before a newly queued account's
  /// first.
  std::size_t accounts(priority p) const noexcept {
    return lines_[static_cast<std::size_t>(p)].heads_by_account.size();
  }
  /// How many heads of that priority go before a job that was submitted now; counts no further than `most`.
  std::size_t ahead(priority, time_point now, time_point deadline, std::size_t most) const noexcept;
  bool empty() const noexcept { return size(priority::interactive) + size(priority::background) == 0; }

 private:
  struct by_turn {
    bool operator()(const job& a, const job& b) const noexcept {
      return a.until != b.until ? a.until < b.until : a.order < b.order;
    }
  };
  struct by_account {
    bool operator()(const job& a, const job& b) const noexcept;
  };
  struct account_hash {
    std::size_t operator()(const job& j) const noexcept { return static_cast<std::size_t>(j.account_hash); }
  };
  struct same_account {
    bool operator()(const job& a, const job& b) const noexcept {
      return a.account_hash == b.account_hash && a.account == b.account;
    }
  };
  template <class Less>
  using job_set =
      boost::intrusive::multiset<job, boost::intrusive::member_hook<job, job::set_hook, &job::in_line>,
                                 boost::intrusive::compare<Less>,
                                 boost::intrusive::constant_time_size<false>>;
  using head_table = boost::intrusive::unordered_set<
      job, boost::intrusive::member_hook<job, job::table_hook, &job::in_table>,
      boost::intrusive::hash<account_hash>, boost::intrusive::equal<same_account>,
      boost::intrusive::power_2_buckets<true>>;

  struct line {
    line();
    std::vector<head_table::bucket_type> buckets;
    head_table heads_by_account;  // parked ones too
    job_set<by_turn> heads;
    job_set<by_account> followers;
    std::size_t size = 0;

    void grow();
  };

  line& line_of(const job& j) noexcept { return lines_[static_cast<std::size_t>(j.urgency)]; }
  void enter_head(line&, job&, time_point turn) noexcept;
  void replace_head(line&, job& head, job& by) noexcept;
  void succeed_head(line&, job&, time_point not_before) noexcept;

  std::array<line, 2> lines_;
  job_set<by_turn> waiting_;  // parked and delayed
  std::uint64_t order_ = 0;
};

}  // namespace ephemint::inline v0::core

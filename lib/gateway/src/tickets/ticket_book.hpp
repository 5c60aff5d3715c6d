#pragma once

#include "tickets/instant.hpp"

#include <ephemint/clock.hpp>

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::gateway {

/// The numbers of the places that are taken in a line. Numbers ascend and are never used twice.
class taken_places {
 public:
  void add(std::uint64_t place);
  void remove(std::uint64_t place);
  /// How many places before that one are taken.
  std::size_t before(std::uint64_t place) const;

 private:
  static constexpr std::size_t block_size = 1024;
  std::map<std::uint64_t, std::bitset<block_size>> blocks_;
};

/// Which tickets were spent, which are just being opened, and which wait in which place of the line. A ticket
/// is kept from its first request until it can't be used any more, or until it was given back without a
/// place. None is ever dropped to make room.
///
/// Times are arguments. Those of the monotonic clock never go back. A ticket's own times are those of the
/// wall clock, which may be set back. So the wall clock decides how long a spent ticket is remembered; and
/// once one was forgotten, an unknown ticket is opened only if its `exp` is later than that of the forgotten
/// one.
class ticket_book {
 public:
  /// How long a ticket stays alive after the time at which it was told to come back.
  static constexpr std::chrono::seconds kept_alive{15};
  /// How long after that time it still counts as ahead of others: pages come back a little late.
  static constexpr std::chrono::seconds patience{2};
  /// How long a spent ticket is remembered after it has expired for good. If the wall clock is set back by
  /// less than this, no ticket is `doubtful`.
  static constexpr std::chrono::minutes remembered{1};

  /// `most`: how many tickets it holds at most.
  explicit ticket_book(std::size_t most = 100'000) : most_{most} {}

  enum class admission {
    opened,    ///< go on; end it by `spend`, `give_back` or `wait_until`
    busy,      ///< another request is opening it
    spent,     ///< it has been used
    over,      ///< it has expired
    doubtful,  ///< the wall clock was set back: it is no longer known whether the ticket has been used
    full,      ///< there is no room for it
  };
  /// A request for that ticket. `exp` is the ticket's own. From `dead` on it can't be kept alive any longer,
  /// however long its owner was told to wait.
  admission open(std::string_view id, const instant& now, wall_clock::time_point exp,
                 wall_clock::time_point dead);

  /// How many tickets wait in places before that ticket's; for a ticket without a place, in all places. A
  /// ticket that is just being opened doesn't count (its mint has been submitted), nor does one that hasn't
  /// come back in time.
  std::size_t ahead(std::string_view id, const instant& now);

  /// Whether that ticket has a place in the line, and can still be opened from there, or is being opened.
  bool waits(std::string_view id, clock::time_point now) const;

  /// Whether that ticket has been used.
  bool is_spent(std::string_view id) const;

  // These end what `open` began. For a ticket that isn't being opened they do nothing.

  /// A token was handed over.
  void spend(std::string_view id) noexcept;
  /// There was no login: the ticket can be opened again, and keeps its place if it had one.
  void give_back(std::string_view id) noexcept;
  /// The owner was told to come back then. The ticket keeps its place, or gets the last one, and stays alive
  /// until 15 s after that time, whatever its `exp`.
  void wait_until(std::string_view id, clock::time_point then);

  /// How many tickets it holds.
  std::size_t size() const noexcept { return tickets_.size(); }
  /// How many tickets wait in places and have always come back in time.
  std::size_t waiting(const instant& now);

 private:
  static constexpr auto never = clock::time_point::max();
  using spent_tickets = std::set<std::pair<wall_clock::time_point, std::string_view>>;

  enum class state { opening, waiting, late, spent };
  struct entry {
    clock::time_point expires, dead;
    wall_clock::time_point exp;
    state is = state::opening;
    std::optional<std::uint64_t> place{};
    clock::time_point told{};               ///< when it should come back; only with a place
    clock::time_point changes = never;      ///< when `pass` must check it: while it waits, or is late
    spent_tickets::node_type when_spent{};  ///< its element of `spent_`, so that `spend` allocates nothing
  };
  using tickets = std::map<std::string, entry, std::less<>>;

  static clock::time_point alive_until(const entry&);
  tickets::iterator find_opening(std::string_view id);
  void wait(tickets::iterator);
  void set(tickets::iterator, state, clock::time_point changes);
  void pass(const instant& now);
  void forget(tickets::iterator) noexcept;
  void forget_spent(wall_clock::time_point now);

  std::size_t most_;
  tickets tickets_;
  std::set<std::pair<clock::time_point, std::string_view>> changes_;  // of all tickets
  spent_tickets spent_;                 // with the time until which each is remembered
  wall_clock::time_point forgotten_{};  // the latest `exp` of spent tickets that were forgotten
  taken_places line_;                   // of the tickets that are `waiting`
  std::uint64_t next_place_ = 0;
};

}  // namespace ephemint::inline v0::gateway

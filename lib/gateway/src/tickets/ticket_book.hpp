#pragma once

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

/// The places that are taken in a line, by their numbers; those count up and are never given twice.
class taken_places {
 public:
  void add(std::uint64_t place);
  void remove(std::uint64_t place);
  /// How many are taken before that one.
  std::size_t before(std::uint64_t place) const;

 private:
  static constexpr std::size_t block_size = 1024;
  std::map<std::uint64_t, std::bitset<block_size>> blocks_;
};

/// Which tickets were spent, which are being opened at this moment, and who waits in which place of the line.
/// A ticket stands here from its first request until nobody could use it any more, or until it was given back
/// without a place; none is ever dropped to make room.
///
/// Time is the monotonic clock's, an argument of calls, and never goes back; a ticket's own times are mapped
/// to it by the caller.
class ticket_book {
 public:
  /// How long beyond the time that it was told a ticket stays alive.
  static constexpr std::chrono::seconds kept_alive{15};
  /// How long beyond that time it still counts as ahead of others: pages come back late, by a little.
  static constexpr std::chrono::seconds patience{2};
  /// How long beyond its death a spent ticket is remembered: if the wall clock is set back by less than that,
  /// the ticket, which then seems alive, is still known.
  static constexpr std::chrono::minutes remembered{1};

  /// How many tickets it holds.
  explicit ticket_book(std::size_t most = 100'000) : most_{most} {}

  enum class admission {
    opened,  ///< go on; end it by `spend`, `give_back` or `wait_until`
    busy,    ///< another request is opening it
    spent,   ///< it has been used
    over,    ///< it is dead
    full,    ///< no room to remember it by
  };
  /// A request for that ticket. `expires` is when its `exp` comes; `dead` is when it can't be kept alive any
  /// longer, however long its owner was told to wait.
  admission open(std::string_view id, clock::time_point now, clock::time_point expires,
                 clock::time_point dead);

  /// How many wait in places before that ticket's: those who came before it and haven't been served, or, for
  /// a ticket without a place, all. Who is being served at this moment doesn't count (its mint has been asked
  /// for), nor who hasn't come back in time.
  std::size_t ahead(std::string_view id, clock::time_point now);

  /// Whether that ticket has a place in the line, and can still be opened, or is being opened, from there.
  bool waits(std::string_view id, clock::time_point now) const;

  /// Whether that ticket has been used.
  bool is_spent(std::string_view id) const;

  // The ends of what `open` began. Of a ticket that isn't being opened they do nothing.

  /// A token was handed over.
  void spend(std::string_view id);
  /// It came to nothing: it can be opened again, and keeps its place if it had one.
  void give_back(std::string_view id);
  /// It was told to come back then. It keeps the place that it has, or gets the last one, and stays alive for
  /// 15 s from then on, whatever its `exp`.
  void wait_until(std::string_view id, clock::time_point then);

  /// How many tickets it knows of.
  std::size_t size() const noexcept { return tickets_.size(); }
  /// How many wait in places, and came back in time so far.
  std::size_t waiting(clock::time_point now);

 private:
  enum class state { opening, waiting, late, spent };
  struct entry {
    clock::time_point expires, dead;
    state is = state::opening;
    std::optional<std::uint64_t> place{};
    clock::time_point told{};     ///< when it is to come back; only with a place
    clock::time_point changes{};  ///< behind this moment `pass` has to look at it; not while it is opening
  };
  using tickets = std::map<std::string, entry, std::less<>>;

  static clock::time_point alive_until(const entry&);
  tickets::iterator find_opening(std::string_view id);
  void wait(tickets::iterator);
  void set(tickets::iterator, state, clock::time_point changes);
  void pass(clock::time_point now);

  std::size_t most_;
  tickets tickets_;
  std::set<std::pair<clock::time_point, std::string_view>> changes_;  // of all that aren't being opened
  taken_places line_;                                                 // of those that are `waiting`
  std::uint64_t next_place_ = 0;
};

}  // namespace ephemint::inline v0::gateway

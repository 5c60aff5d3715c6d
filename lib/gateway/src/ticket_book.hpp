#pragma once

#include <ephemint/clock.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// Which tickets were spent, which are being opened at this moment, and who waits in which place of the line.
/// A ticket stands here from its first request until nobody could use it any more, whatever became of it;
/// none is ever dropped to make room.
///
/// Time is the monotonic clock's, an argument of every call; a ticket's own times are mapped to it by the
/// caller.
class ticket_book {
 public:
  /// How many tickets it holds.
  explicit ticket_book(std::size_t most = 100'000);

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
  /// a ticket without a place, all. Who hasn't come back in time doesn't count.
  std::size_t ahead(std::string_view id, clock::time_point now) const;

  /// A token was handed over.
  void spend(std::string_view id);
  /// It came to nothing: it can be opened again, and keeps its place if it had one.
  void give_back(std::string_view id);
  /// It was told to come back then. It keeps the place that it has, or gets the last one, and stays alive for
  /// 15 s from then on, whatever its `exp`.
  void wait_until(std::string_view id, clock::time_point then);

  std::size_t size() const noexcept;
  std::size_t waiting(clock::time_point now) const;
};

}  // namespace ephemint::inline v0::gateway

#pragma once

#include "core/time.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// One of the API's addresses. Opaque here, but for its family.
struct address_id {
  std::uint8_t family = 0;  ///< 0: none is known
  std::array<std::uint8_t, 16> bytes{};

  friend bool operator==(const address_id&, const address_id&) = default;
};

/// What an address was found to be.
enum class address_trouble : std::uint8_t {
  broke,   ///< it refused, hung up, or answered what no healthy node answers
  silent,  ///< nothing came; what swallows this address's packets may swallow all of its family
};

/// Which of the API's addresses were found bad lately, and which is tried before which. A bad one goes to the
/// end of the line for a while, and is never left out: where all are bad, the one that has been for longest
/// goes first. Takes no memory.
class address_book {
 public:
  /// Long enough that a sick node costs hardly a login, short enough that one that is well again is soon of
  /// use (behaviours A1).
  static constexpr std::chrono::seconds bad_for{30};
  /// So many are remembered; one more takes the place of the one that was marked first.
  static constexpr std::size_t most = 32;

  void mark(const address_id&, address_trouble, time_point now) noexcept;

  /// Its place in the line: lower goes first, equals in the order in which the name's look-up gave them.
  struct rank {
    enum class tier : std::uint8_t {
      good,
      doubtful,  ///< one of its family is silent, and none of another
      bad,
    };
    tier of = tier::good;
    time_point since{};  ///< when it was found bad

    friend auto operator<=>(const rank&, const rank&) = default;
  };
  rank rank_of(const address_id&, time_point now) const noexcept;

 private:
  struct entry {
    address_id who;
    address_trouble what = address_trouble::broke;
    time_point since = time_point::min();

    bool holds(time_point now) const noexcept { return who.family != 0 && now < add(since, bad_for); }
  };

  std::array<entry, most> marks_{};
};

}  // namespace ephemint::inline v0::core

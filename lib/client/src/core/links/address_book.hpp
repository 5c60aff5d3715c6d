#pragma once

#include "core/time.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// One of the API's addresses. Opaque here, apart from its family.
struct address_id {
  std::uint8_t family = 0;  ///< 0: not known
  std::array<std::uint8_t, 16> bytes{};

  friend bool operator==(const address_id&, const address_id&) = default;
};

/// What is wrong with an address.
enum class address_trouble : std::uint8_t {
  broke,   ///< it refused or closed the connection, or answered as no healthy node does
  silent,  ///< no answer came; whatever swallows this address's packets may swallow its whole family's
};

/// Which of the API's addresses were found bad lately, and in which order they are tried. A bad one goes to
/// the end of the line for a while, but is never left out: if all are bad, the one that was found bad first
/// goes first. Allocates nothing.
class address_book {
 public:
  /// Long enough that a sick node costs hardly any login, short enough that a node that recovered is soon
  /// used again (behaviours A1).
  static constexpr std::chrono::seconds bad_for{30};
  /// How many are remembered; one more replaces the one that was marked first.
  static constexpr std::size_t most = 32;

  void mark(const address_id&, address_trouble, time_point now) noexcept;

  /// An address's place in the line: lower goes first, and equals go in the order of the name look-up.
  struct rank {
    enum class tier : std::uint8_t {
      good,
      doubtful,  ///< an address of its family is silent, and none of the other family is
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

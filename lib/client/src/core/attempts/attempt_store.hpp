#pragma once

#include "core/attempts/attempt.hpp"
#include "core/free_list.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ephemint::inline v0::core {

/// The attempts under way, by id and by due time. Their memory is allocated when a link brings room, so that
/// beginning an attempt allocates nothing.
class attempt_store {
 public:
  ~attempt_store();

  /// Makes room for that many at once. Throws `std::bad_alloc`; then nothing has changed.
  void prepare(std::size_t attempts);
  std::size_t room() const noexcept { return slots_.size() < most ? slots_.size() : most; }
  bool full() const noexcept { return size_ >= room(); }

  /// A blank attempt. Precondition: not `full()`.
  attempt& begin() noexcept;
  attempt* find(attempt_id) noexcept;
  void end(attempt&) noexcept;

  void set_due(attempt&, time_point due) noexcept;
  /// An attempt whose `due` has come, or null.
  attempt* expired(time_point now) noexcept;
  time_point next_due() const noexcept;

  /// Whether any attempt under way satisfies the predicate.
  template <class Predicate>
  bool any(Predicate is) const noexcept {
    return std::ranges::any_of(slots_, [&](const auto& s) { return s->taken && is(s->held); });
  }

  /// Attempts under way, draining ones included.
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint32_t slot_bits = 20;
  static constexpr std::size_t most = std::size_t{1} << slot_bits;

  struct slot {
    attempt held;
    std::uint32_t generation = 0;
    bool taken = false;
  };
  struct by_due {
    bool operator()(const attempt& a, const attempt& b) const noexcept { return a.due < b.due; }
  };
  using due_set = boost::intrusive::multiset<
      attempt, boost::intrusive::member_hook<attempt, boost::intrusive::set_member_hook<>, &attempt::in_due>,
      boost::intrusive::compare<by_due>, boost::intrusive::constant_time_size<false>>;

  // Declared before the set whose hooks live in it.
  std::vector<std::unique_ptr<slot>> slots_;
  free_list free_;
  due_set due_;
  std::size_t size_ = 0;
};

}  // namespace ephemint::inline v0::core

#pragma once

#include "core/free_list.hpp"
#include "core/links/link.hpp"
#include "core/random.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ephemint::inline v0::core {

/// Which links there are, which of them have room, and which is used next.
class link_table {
 public:
  struct settings {
    std::size_t max_connections = 8;
    duration idle_timeout = std::chrono::seconds{30};
    duration max_age = std::chrono::minutes{10};
  };

  link_table(const settings&, splitmix random);
  ~link_table();

  // --- choosing ---
  /// The newest link with room that opened at `since` or later, or null. Links are filled one after the
  /// other: the one that got room last is used first, so that the others become idle and are closed. A link
  /// that is too old, or was idle for too long, is skipped; so is `shunned`.
  link* with_room(time_point now, time_point since, link_id shunned = 0) noexcept;
  /// Null for a link that is closing.
  link* find(link_id) noexcept;

  // --- changes of state ---
  /// A link to be dialled. Throws `std::bad_alloc`; then nothing has changed.
  link& begin(time_point now);
  void open(link&, link_room, time_point now) noexcept;
  void set_capacity(link&, std::uint32_t granted) noexcept;
  /// The link has refused a request although it should have had room: its capacity becomes the number of
  /// requests on it. Each answer gives one place back; every such refusal makes that slower.
  void refused(link&) noexcept;
  void answered(link&) noexcept;
  /// An open link takes no more requests until `heard`; it is due at `until`.
  void suspect(link&, time_point until) noexcept;
  void heard(link&, time_point now) noexcept;
  /// A link without requests that waits for its sign of life, or null.
  link* probing_at_rest() noexcept;
  void retire(link&) noexcept;
  void put_on(link&, attempt&) noexcept;
  /// The attempt has left the link.
  void take_off(attempt&, time_point now) noexcept;
  /// Whether the link, if no requests are on it, should be closed.
  bool spent(const link&, time_point now) const noexcept;
  /// From now on the link isn't found; its memory stays until `release`.
  void close(link&) noexcept;
  void release(link&) noexcept;

  // --- time ---
  /// A link that is due, or null. It should be closed, or retired if it is in use and not being probed.
  link* expired(time_point now) noexcept;
  time_point next_due() const noexcept;

  // --- figures ---
  std::size_t dialling() const noexcept { return dialling_; }
  /// All established links: open ones, and those that take no more requests.
  std::size_t live() const noexcept { return total_ - dialling_; }
  std::size_t total() const noexcept { return total_; }
  /// How many of the live links are shared.
  std::size_t shared() const noexcept { return shared_; }
  bool may_begin() const noexcept { return total_ < settings_.max_connections; }
  /// Whether as many links are open as are allowed.
  bool complete() const noexcept { return open_ == settings_.max_connections; }
  bool any_room() const noexcept { return !room_.empty(); }
  /// How many requests all open links together take at once.
  std::size_t capacity() const noexcept { return capacity_; }
  /// How many requests they may take at once later, including links that wait for a sign of life.
  std::size_t granted() const noexcept { return granted_; }

  /// Calls `f(link&)` for each link that isn't closing; `f` may close that link.
  template <class F>
  void for_each(F f) {
    for (auto& slot : slots_)
      if (slot.held && slot.held->now != link::state::closing) f(*slot.held);
  }

 private:
  struct slot {
    std::unique_ptr<link> held;
    std::uint32_t generation = 0;
  };
  static time_point due_of(const link&, time_point now) noexcept;
  void use_capacity(link&, std::uint32_t) noexcept;
  void leave_open(link&) noexcept;
  void leave_use(link&) noexcept;
  void update_room(link&) noexcept;
  void set_due(link&, time_point due) noexcept;

  struct by_due {
    bool operator()(const link& a, const link& b) const noexcept { return a.due < b.due; }
  };
  using room_list =
      boost::intrusive::list<link, boost::intrusive::member_hook<link, link::list_hook, &link::in_room>,
                             boost::intrusive::constant_time_size<false>>;
  using due_set = boost::intrusive::multiset<
      link, boost::intrusive::member_hook<link, boost::intrusive::set_member_hook<>, &link::in_due>,
      boost::intrusive::compare<by_due>, boost::intrusive::constant_time_size<false>>;

  settings settings_;
  splitmix random_;
  std::vector<slot> slots_;
  free_list free_slots_;
  room_list room_;  // newest first
  due_set due_;
  std::size_t total_ = 0;
  std::size_t dialling_ = 0;
  std::size_t open_ = 0;
  std::size_t shared_ = 0;
  std::size_t probing_ = 0;
  std::size_t capacity_ = 0;
  std::size_t granted_ = 0;
};

}  // namespace ephemint::inline v0::core

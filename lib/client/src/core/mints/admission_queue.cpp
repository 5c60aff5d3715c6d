#include "core/mints/admission_queue.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace ephemint::inline v0::core {

namespace {

time_point turn_of(time_point submitted, time_point deadline) noexcept {
  return std::min(deadline, add(submitted, admission_queue::far_turn));
}
time_point own_turn(const mint& m) noexcept { return turn_of(m.submitted, m.deadline); }

/// If the head's account was served before others: the turn for which it has to wait.
time_point put_off_until(const mint& head) noexcept {
  return head.until > own_turn(head) ? head.until : time_point::min();
}

}  // namespace

bool admission_queue::by_account::operator()(const mint& a, const mint& b) const noexcept {
  if (a.account_hash != b.account_hash) return a.account_hash < b.account_hash;
  if (a.account != b.account) return a.account < b.account;
  if (a.deadline != b.deadline) return a.deadline < b.deadline;
  return a.order < b.order;
}

admission_queue::line::line()
    : buckets(16), heads_by_account{head_table::bucket_traits{buckets.data(), buckets.size()}} {}

/// If memory is short the table keeps its size: a table that is too full is only slower.
void admission_queue::line::grow() noexcept try {
  if (heads_by_account.size() < buckets.size()) return;
  std::vector<head_table::bucket_type> more(buckets.size() * 2);
  heads_by_account.rehash(head_table::bucket_traits{more.data(), more.size()});
  buckets.swap(more);
} catch (const std::bad_alloc&) {
}

admission_queue::admission_queue() = default;

admission_queue::~admission_queue() {
  waiting_.clear();
  for (line& l : lines_) {
    l.heads.clear();
    l.followers.clear();
    l.heads_by_account.clear();
  }
}

void admission_queue::push(mint& m) noexcept {
  assert(m.where == mint::place::nowhere);
  line& l = line_of(m);
  l.grow();
  ++l.size;
  m.order = ++order_;
  const auto found = l.heads_by_account.find(m);
  if (found == l.heads_by_account.end()) {
    l.heads_by_account.insert(m);
    enter_head(l, m, own_turn(m));
  } else if (m.deadline < found->deadline) {
    replace_head(l, *found, m);
  } else {
    m.where = mint::place::follower;
    l.followers.insert(m);
  }
}

mint* admission_queue::front(priority p) noexcept {
  line& l = lines_[static_cast<std::size_t>(p)];
  return l.heads.empty() ? nullptr : &*l.heads.begin();
}

void admission_queue::serve(mint& m) noexcept {
  assert(m.where == mint::place::head);
  line& l = line_of(m);
  l.heads.erase(l.heads.iterator_to(m));
  succeed_head(l, m, l.heads.empty() ? time_point::min() : l.heads.rbegin()->until);
  m.where = mint::place::nowhere;
  --l.size;
}

void admission_queue::drop(mint& m) noexcept {
  line& l = line_of(m);
  if (m.where == mint::place::follower) {
    l.followers.erase(l.followers.iterator_to(m));
  } else {
    assert(m.where == mint::place::head);
    l.heads.erase(l.heads.iterator_to(m));
    succeed_head(l, m, put_off_until(m));
  }
  m.where = mint::place::nowhere;
  --l.size;
}

void admission_queue::enter_head(line& l, mint& m, time_point turn) noexcept {
  m.where = mint::place::head;
  m.until = turn;
  l.heads.insert(m);
}

/// Makes `by` the head of its account; the old head becomes a follower.
void admission_queue::replace_head(line& l, mint& head, mint& by) noexcept {
  l.heads_by_account.erase(l.heads_by_account.iterator_to(head));
  l.heads_by_account.insert(by);
  std::swap(by.order, head.order);
  by.where = head.where;
  by.until = head.until;
  if (head.where == mint::place::parked) {
    waiting_.erase(waiting_.iterator_to(head));
    waiting_.insert(by);
  } else {
    l.heads.erase(l.heads.iterator_to(head));
    if (put_off_until(head) == time_point::min()) by.until = std::min(head.until, own_turn(by));
    l.heads.insert(by);
  }
  head.where = mint::place::follower;
  l.followers.insert(head);
}

/// Makes the account's next mint, if there is one, head after `m`.
void admission_queue::succeed_head(line& l, mint& m, time_point not_before) noexcept {
  l.heads_by_account.erase(l.heads_by_account.iterator_to(m));
  const auto same = [](const mint& a, const mint& b) {
    return a.account_hash != b.account_hash ? a.account_hash < b.account_hash : a.account < b.account;
  };
  auto next = l.followers.lower_bound(m, same);
  if (next == l.followers.end() || !same_account{}(*next, m)) return;
  mint& heir = *next;
  l.followers.erase(next);
  heir.order = ++order_;
  l.heads_by_account.insert(heir);
  enter_head(l, heir, std::max(own_turn(heir), not_before));
}

void admission_queue::park(mint& m, time_point until) noexcept {
  assert(m.where == mint::place::head);
  line& l = line_of(m);
  l.heads.erase(l.heads.iterator_to(m));
  --l.size;
  m.where = mint::place::parked;
  m.until = until;
  waiting_.insert(m);
}

void admission_queue::delay(mint& m, time_point until) noexcept {
  assert(m.where == mint::place::nowhere);
  m.where = mint::place::delayed;
  m.until = until;
  m.order = ++order_;
  waiting_.insert(m);
}

void admission_queue::erase_waiting(mint& m) noexcept {
  assert(m.where == mint::place::parked || m.where == mint::place::delayed);
  waiting_.erase(waiting_.iterator_to(m));
  if (m.where == mint::place::parked) succeed_head(line_of(m), m, time_point::min());
  m.where = mint::place::nowhere;
}

mint* admission_queue::wake(time_point now) noexcept {
  if (waiting_.empty() || waiting_.begin()->until > now) return nullptr;
  mint& m = *waiting_.begin();
  line& l = line_of(m);
  l.grow();
  waiting_.erase(waiting_.begin());
  if (m.where == mint::place::parked) {
    ++l.size;
    enter_head(l, m, own_turn(m));
  } else {
    m.where = mint::place::nowhere;
    push(m);
  }
  return &m;
}

std::size_t admission_queue::ahead(priority p, time_point now, time_point deadline,
                                   std::size_t most) const noexcept {
  const time_point turn = turn_of(now, deadline);
  std::size_t count = 0;
  for (const mint& head : lines_[static_cast<std::size_t>(p)].heads) {
    if (head.until > turn || count == most) break;
    ++count;
  }
  return count;
}

time_point admission_queue::next_wake() const noexcept {
  return waiting_.empty() ? never : waiting_.begin()->until;
}

}  // namespace ephemint::inline v0::core

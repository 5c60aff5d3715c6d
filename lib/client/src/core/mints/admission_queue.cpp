#include "core/mints/admission_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace ephemint::inline v0::core {

namespace {

time_point turn_of(time_point submitted, time_point deadline) noexcept {
  return std::min(deadline, submitted + admission_queue::far_turn);
}
time_point own_turn(const job& j) noexcept { return turn_of(j.submitted, j.deadline); }

/// The turn that a head's account has to wait for since it was served before the others.
time_point put_off_until(const job& head) noexcept {
  return head.until > own_turn(head) ? head.until : time_point::min();
}

}  // namespace

bool admission_queue::by_account::operator()(const job& a, const job& b) const noexcept {
  if (a.account_hash != b.account_hash) return a.account_hash < b.account_hash;
  if (a.account != b.account) return a.account < b.account;
  if (a.deadline != b.deadline) return a.deadline < b.deadline;
  return a.order < b.order;
}

admission_queue::line::line()
    : buckets(16), heads_by_account{head_table::bucket_traits{buckets.data(), buckets.size()}} {}

void admission_queue::line::grow() {
  if (heads_by_account.size() < buckets.size()) return;
  std::vector<head_table::bucket_type> more(buckets.size() * 2);
  heads_by_account.rehash(head_table::bucket_traits{more.data(), more.size()});
  buckets.swap(more);
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

void admission_queue::push(job& j) {
  assert(j.where == job::place::nowhere);
  line& l = line_of(j);
  l.grow();  // the only thing here that can throw, so it comes first
  ++l.size;
  j.order = ++order_;
  const auto found = l.heads_by_account.find(j);
  if (found == l.heads_by_account.end()) {
    l.heads_by_account.insert(j);
    enter_head(l, j, own_turn(j));
  } else if (j.deadline < found->deadline) {
    replace_head(l, *found, j);
  } else {
    j.where = job::place::follower;
    l.followers.insert(j);
  }
}

job* admission_queue::front(priority p) noexcept {
  line& l = lines_[static_cast<std::size_t>(p)];
  return l.heads.empty() ? nullptr : &*l.heads.begin();
}

void admission_queue::serve(job& j) noexcept {
  assert(j.where == job::place::head);
  line& l = line_of(j);
  l.heads.erase(l.heads.iterator_to(j));
  succeed_head(l, j, l.heads.empty() ? time_point::min() : l.heads.rbegin()->until);
  j.where = job::place::nowhere;
  --l.size;
}

void admission_queue::drop(job& j) noexcept {
  line& l = line_of(j);
  if (j.where == job::place::follower) {
    l.followers.erase(l.followers.iterator_to(j));
  } else {
    assert(j.where == job::place::head);
    l.heads.erase(l.heads.iterator_to(j));
    succeed_head(l, j, put_off_until(j));
  }
  j.where = job::place::nowhere;
  --l.size;
}

void admission_queue::enter_head(line& l, job& j, time_point turn) noexcept {
  j.where = job::place::head;
  j.until = turn;
  l.heads.insert(j);
}

/// Has `by`, of the same account, stand where its head stands, and the head follow it.
void admission_queue::replace_head(line& l, job& head, job& by) noexcept {
  l.heads_by_account.erase(l.heads_by_account.iterator_to(head));
  l.heads_by_account.insert(by);
  std::swap(by.order, head.order);
  by.where = head.where;
  by.until = head.until;
  if (head.where == job::place::parked) {
    waiting_.erase(waiting_.iterator_to(head));
    waiting_.insert(by);
  } else {
    l.heads.erase(l.heads.iterator_to(head));
    if (put_off_until(head) == time_point::min()) by.until = std::min(head.until, own_turn(by));
    l.heads.insert(by);
  }
  head.where = job::place::follower;
  l.followers.insert(head);
}

/// Has the account's next job, if there is one, follow `j` as head.
void admission_queue::succeed_head(line& l, job& j, time_point not_before) noexcept {
  l.heads_by_account.erase(l.heads_by_account.iterator_to(j));
  const auto same = [](const job& a, const job& b) {
    return a.account_hash != b.account_hash ? a.account_hash < b.account_hash : a.account < b.account;
  };
  auto next = l.followers.lower_bound(j, same);
  if (next == l.followers.end() || !same_account{}(*next, j)) return;
  job& heir = *next;
  l.followers.erase(next);
  heir.order = ++order_;
  l.heads_by_account.insert(heir);
  enter_head(l, heir, std::max(own_turn(heir), not_before));
}

void admission_queue::park(job& j, time_point until) noexcept {
  assert(j.where == job::place::head);
  line& l = line_of(j);
  l.heads.erase(l.heads.iterator_to(j));
  --l.size;
  j.where = job::place::parked;
  j.until = until;
  waiting_.insert(j);
}

void admission_queue::delay(job& j, time_point until) noexcept {
  assert(j.where == job::place::nowhere);
  j.where = job::place::delayed;
  j.until = until;
  j.order = ++order_;
  waiting_.insert(j);
}

void admission_queue::erase_waiting(job& j) noexcept {
  assert(j.where == job::place::parked || j.where == job::place::delayed);
  waiting_.erase(waiting_.iterator_to(j));
  if (j.where == job::place::parked) succeed_head(line_of(j), j, time_point::min());
  j.where = job::place::nowhere;
}

void admission_queue::wake(time_point now) {
  while (!waiting_.empty() && waiting_.begin()->until <= now) {
    job& j = *waiting_.begin();
    line& l = line_of(j);
    l.grow();
    waiting_.erase(waiting_.begin());
    if (j.where == job::place::parked) {
      ++l.size;
      enter_head(l, j, own_turn(j));
    } else {
      j.where = job::place::nowhere;
      push(j);
    }
  }
}

std::size_t admission_queue::ahead(priority p, time_point now, time_point deadline,
                                   std::size_t most) const noexcept {
  const time_point turn = turn_of(now, deadline);
  std::size_t count = 0;
  for (const job& head : lines_[static_cast<std::size_t>(p)].heads) {
    if (head.until > turn || count == most) break;
    ++count;
  }
  return count;
}

time_point admission_queue::next_wake() const noexcept {
  return waiting_.empty() ? never : waiting_.begin()->until;
}

}  // namespace ephemint::inline v0::core

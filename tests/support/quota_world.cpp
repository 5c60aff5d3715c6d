#include "quota_world.hpp"

#include "core/random.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace ephemint::quota_world {
namespace {

using seconds = std::chrono::duration<double>;

double exponential(core::splitmix& random, double mean) { return -mean * std::log(1.0 - random.unit()); }

class process;

enum class event_kind : std::uint8_t {
  login,
  burst,
  at_server,
  at_client,
  wake,
  begin,
  end,
  quota,
  next,
  freeze,
  thaw,
  at_store,
  store_says,
  store_failed,
  store_turns,
};

struct event {
  time_point at;
  std::uint64_t order;
  event_kind kind;
  std::uint32_t process;
  job_id job;
  time_point sent_at;
  duration way_back{};
  verdict answer{};

  bool operator>(const event& other) const { return at != other.at ? at > other.at : order > other.order; }
};

class simulation;

class process final : public actions {
 public:
  process(simulation& world, std::uint32_t index) : world_{world}, index_{index} {}

  void send(job_id) override;
  void give_up(job_id) override;
  void wake_at(time_point at) override;
  const job& about(job_id id) const override { return jobs_[id]; }
  quota_server& server() override;
  void ask_store(std::uint64_t number, duration patience, store_command) override;
  duration store_age() const override;

  job_id add(const job& j) {
    jobs_.push_back(j);
    return static_cast<job_id>(jobs_.size() - 1);
  }

  std::unique_ptr<strategy> how;
  core::splitmix random{0};    // for what it sends
  core::splitmix arrivals{0};  // separate, so that every strategy gets the same logins
  std::vector<time_point> sends;
  std::vector<time_point> counted;  // by the server
  std::vector<time_point> refusals;
  std::unordered_set<job_id> served;
  process_figures result;
  std::size_t batch_left = 0;
  std::size_t batch_out = 0;
  time_point wake = time_point::max();
  bool ended = false;
  std::optional<time_point> frozen_until;
  const workload* load = nullptr;

 private:
  simulation& world_;
  std::uint32_t index_;
  std::vector<job> jobs_;
};

class simulation {
 public:
  simulation(const scenario& s, const strategy_maker& make)
      : setup_{s},
        make_{make},
        random_{s.seed * 0x9e3779b97f4a7c15u + 1},
        server_{s.rules, s.quota, s.window, random_.unit()},
        store_{s.store, start, ~s.seed * 0xbf58476d1ce4e5b9u} {
    for (std::uint32_t i = 0; i < s.processes; ++i) {
      processes_.push_back(std::make_unique<process>(*this, i));
      const std::uint64_t own_seed = random_.next();
      processes_.back()->random = core::splitmix{own_seed};
      processes_.back()->arrivals = core::splitmix{own_seed + 1};
      processes_.back()->load = setup_.loads.empty() ? &setup_.load : &setup_.loads[i];
      push(start + static_cast<int>(i) * s.join_every, event_kind::begin, i);
      if (i > 0 && s.leave_at) push(start + *s.leave_at, event_kind::end, i);
    }
    for (std::uint32_t i = 0; i < s.changes.size(); ++i)
      push(start + s.changes[i].at, event_kind::quota, 0, i);
    for (std::uint32_t i = 0; i < s.mishaps.size(); ++i) plan(s.mishaps[i], i);
    for (const auto& [at, what] : store_.agenda()) push(at, event_kind::store_turns, 0, what);
    capacity_rate_ = server_.sustained_rate();
  }

  figures run() {
    const time_point end = start + setup_.length;
    while (!events_.empty() && events_.top().at < end && !done_) {
      const event e = events_.top();
      events_.pop();
      now_ = e.at;
      handle(e);
    }
    if (!done_) now_ = end;
    return collect();
  }

  void send(std::uint32_t p, job_id id) {
    process& from = *processes_[p];
    ++from.result.sent;
    from.sends.push_back(now_);
    trace().sent++;
    legs way = legs_of(setup_.delay, now_, from.random);
    if (setup_.slow.share > 0 && from.random.unit() < setup_.slow.share) way.back += setup_.slow.by;
    push(event{now_ + way.there, 0, event_kind::at_server, p, id, now_, way.back});
  }

  void push(event e) {
    e.order = ++order_;
    events_.push(e);
  }
  void push(time_point at, event_kind kind, std::uint32_t p, job_id id = 0) {
    push(event{at, 0, kind, p, id, {}});
  }

  void finished(std::uint32_t p, job_id id, bool minted) {
    process& from = *processes_[p];
    if (!minted && !setup_.refused.refuses_account(id, setup_.seed)) ++from.result.good_lost;
    const job& j = from.about(id);
    if (!minted && j.deadline != time_point::max() && counts(from, j.arrived_at))
      waits_.push_back(static_cast<float>(seconds{from.load->deadline}.count()));
    if (j.deadline != time_point::max()) return;
    --from.batch_out;
    if (from.batch_left > 0 && minted)
      refill_.push_back(p);
    else if (from.batch_left > 0)
      push(now_ + std::chrono::seconds{1}, event_kind::next, p);  // a worker waits after a failed mint
    else if (from.batch_out == 0 && --batches_ == 0)
      done_ = true;
  }

  void ask_store(std::uint32_t p, std::uint64_t number, duration patience, store_command what) {
    const job_id id = next_command_++;
    commands_.emplace(id, command{number, std::move(what), now_});
    push(now_ + store_.way(), event_kind::at_store, p, id);
    push(now_ + patience, event_kind::store_failed, p, id);
  }

  time_point now() const { return now_; }
  quota_server& server() { return server_; }
  duration store_age() const { return store_.age(now_); }

 private:
  static constexpr time_point start{std::chrono::seconds{1000}};

  /// A command to the store, until it has failed or was answered. If it reaches the store later, it is still
  /// run.
  struct command {
    std::uint64_t number;
    store_command what;
    time_point asked_at;
    bool over = false;
  };

  void plan(const mishap& m, std::uint32_t index) {
    const bool crash = m.what == mishap::kind::crash;
    push(start + m.at, crash ? event_kind::end : event_kind::freeze, m.process, index);
    if (!crash) push(start + m.at + m.length, event_kind::thaw, m.process);
  }

  // These events happen at a process, the others elsewhere.
  static bool waits_for_thaw(event_kind k) {
    return k == event_kind::login || k == event_kind::burst || k == event_kind::at_client ||
           k == event_kind::wake || k == event_kind::next || k == event_kind::store_says ||
           k == event_kind::store_failed;
  }

  void handle(const event& e) {
    process& p = *processes_[e.process];
    if (p.frozen_until && waits_for_thaw(e.kind)) {
      event later = e;
      later.at = *p.frozen_until;
      if (e.kind == event_kind::wake && p.wake == e.at) p.wake = later.at;
      return push(later);
    }
    switch (e.kind) {
      case event_kind::begin:
        begin(e.process);
        break;
      case event_kind::end:
        p.ended = true;
        break;
      case event_kind::login:
        login(e.process);
        break;
      case event_kind::burst:
        burst(e.process);
        break;
      case event_kind::at_server:
        at_server(e);
        break;
      case event_kind::at_client:
        at_client(e);
        break;
      case event_kind::quota:
        change_quota(e.job);
        break;
      case event_kind::next:
        refill_.push_back(e.process);
        break;
      case event_kind::freeze:
        p.frozen_until = now_ + setup_.mishaps[e.job].length;
        break;
      case event_kind::thaw:
        p.frozen_until.reset();
        break;
      case event_kind::at_store:
        at_store(e);
        break;
      case event_kind::store_says:
      case event_kind::store_failed:
        store_ends(e);
        break;
      case event_kind::store_turns:
        store_.act(now_, e.job);
        break;
      case event_kind::wake:
        if (p.wake == e.at && !p.ended) {
          p.wake = time_point::max();
          p.how->on_wake(now_);
        }
        break;
    }
    refill();
  }

  void begin(std::uint32_t i) {
    process& p = *processes_[i];
    p.how = make_(p, p.random.next());
    if (p.load->logins_per_second > 0) next_login(i);
    if (p.load->burst > 0) push(now_, event_kind::burst, i);
    p.batch_left = p.load->batch;
    if (p.batch_left > 0) ++batches_;
    for (std::size_t k = 0; k < p.load->workers && p.batch_left > 0; ++k) refill_.push_back(i);
  }

  // One worker's next mint. Deferred, so that a strategy is never re-entered.
  void refill() {
    while (!refill_.empty()) {
      const std::uint32_t i = refill_.back();
      refill_.pop_back();
      process& p = *processes_[i];
      if (p.batch_left == 0 || p.ended) continue;
      --p.batch_left;
      ++p.batch_out;
      p.how->on_submit(now_, p.add({now_, time_point::max(), p.load->batch_urgency}));
    }
  }

  void next_login(std::uint32_t i) {
    process& p = *processes_[i];
    push(now_ + whole(exponential(p.arrivals, 1.0 / p.load->logins_per_second)), event_kind::login, i);
  }

  void login(std::uint32_t i) {
    process& p = *processes_[i];
    if (p.ended) return;
    if (p.load->logins_per_second > 0) next_login(i);
    arrive(p);
  }

  void arrive(process& p) {
    // Logins whose deadline is after the end don't count.
    if (counts(p, now_)) ++logins_;
    p.how->on_submit(now_, p.add({now_, now_ + p.load->deadline, priority::interactive}));
  }

  bool counts(const process& p, time_point arrived_at) const {
    return arrived_at + p.load->deadline < start + setup_.length;
  }

  void burst(std::uint32_t i) {
    process& p = *processes_[i];
    // The first of these events plans this burst and the next one; each login of the burst is an event of its
    // own.
    for (std::size_t k = 0; k < p.load->burst; ++k)
      push(now_ + whole(p.arrivals.unit() * seconds{p.load->burst_length}.count()), event_kind::login, i);
    push(now_ + setup_.window, event_kind::burst, i);
  }

  void at_server(const event& e) {
    event back = e;
    back.kind = event_kind::at_client;
    back.answer = server_.on_request(now_);
    back.answer.unauthorized = back.answer.admitted && (setup_.refused.refuses_account(e.job, setup_.seed) ||
                                                        setup_.refused.refuses_key(now_ - start));
    processes_[e.process]->counted.push_back(now_);
    counted_.push_back(now_);
    (back.answer.admitted ? trace().admitted : trace().refused)++;
    back.at = now_ + e.way_back;
    push(back);
  }

  void at_client(const event& e) {
    process& p = *processes_[e.process];
    if (p.ended) return;
    if (e.answer.unauthorized) {
      ++p.result.unauthorized;
    } else if (e.answer.admitted) {
      ++p.result.minted;
      note_restored(p);
      const job& j = p.about(e.job);
      const bool another = !p.served.insert(e.job).second;  // the mint had several requests under way
      if (!another && j.deadline != time_point::max() && counts(p, j.arrived_at)) {
        if (now_ <= j.deadline)
          latencies_.push_back(static_cast<float>(seconds{now_ - j.arrived_at}.count()));
        waits_.push_back(static_cast<float>(seconds{e.sent_at - j.arrived_at}.count()));
      }
      if (!another) finished(e.process, e.job, true);
    } else {
      ++p.result.refused;
      p.refusals.push_back(now_);
    }
    p.how->on_reply(now_, e.job, {e.sent_at, e.answer.admitted, e.answer.retry_after, e.answer.unauthorized});
  }

  void at_store(const event& e) {
    const auto found = commands_.find(e.job);
    command& c = found->second;
    if (store_.was_ended(e.process, c.asked_at, now_)) {
      // A process that is cut off gets no answer; any other is told that there is no connection.
      if (!store_.is_cut(e.process, now_))
        push(now_ + store_.way(), event_kind::store_failed, e.process, e.job);
      c.what = nullptr;
      if (c.over) commands_.erase(found);
      return;
    }
    const store_outage* o = store_.outage(now_);
    if (o && o->what == store_outage::kind::frozen)
      return push(store_.end_of(*o), event_kind::at_store, e.process, e.job);
    const time_point ran = store_.run(now_, c.what);
    if (c.over) return void(commands_.erase(found));
    c.what = nullptr;
    const time_point there = ran + store_.way();
    const bool lost = store_.loses_this_reply() || store_.was_ended(e.process, c.asked_at, there);
    push(there, lost ? event_kind::store_failed : event_kind::store_says, e.process, e.job);
  }

  // Answered or failed, whichever comes first. A command that hasn't reached the store is kept until it does.
  void store_ends(const event& e) {
    const auto found = commands_.find(e.job);
    if (found == commands_.end() || found->second.over) return;
    const std::uint64_t number = found->second.number;
    if (found->second.what)
      found->second.over = true;
    else
      commands_.erase(found);
    process& p = *processes_[e.process];
    if (p.ended) return;
    if (e.kind == event_kind::store_says)
      p.how->on_store_answer(now_, number);
    else
      p.how->on_store_failure(now_, number);
  }

  void note_restored(process& p) const {
    const auto restored = setup_.refused.restored_at;
    if (restored && now_ >= start + *restored && !p.result.minted_again_after)
      p.result.minted_again_after = now_ - start - *restored;
  }

  void change_quota(job_id index) {
    capacity_ += capacity_rate_ * seconds{now_ - capacity_at_}.count();
    capacity_at_ = now_;
    server_.set_quota(now_, setup_.changes[index].quota);
    capacity_rate_ = server_.sustained_rate();
  }

  second_of_trace& trace() {
    const auto second = static_cast<std::size_t>((now_ - start) / std::chrono::seconds{1});
    if (trace_.size() <= second) trace_.resize(second + 1);
    return trace_[second];
  }

  figures collect();

  scenario setup_;
  const strategy_maker& make_;
  core::splitmix random_;
  quota_server server_;
  store_model store_;
  std::unordered_map<job_id, command> commands_;
  job_id next_command_ = 0;
  std::vector<time_point> counted_;  // by the server, for all processes
  std::vector<float> waits_;
  std::vector<std::unique_ptr<process>> processes_;
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
  std::vector<std::uint32_t> refill_;
  std::vector<second_of_trace> trace_;
  std::vector<float> latencies_;
  std::uint64_t order_ = 0;
  std::size_t batches_ = 0;
  std::size_t logins_ = 0;
  time_point now_ = start;
  bool done_ = false;
  double capacity_ = 0;
  double capacity_rate_ = 0;
  time_point capacity_at_ = start;
};

void process::send(job_id id) { world_.send(index_, id); }
void process::give_up(job_id id) { world_.finished(index_, id, false); }
void process::wake_at(time_point at) {
  at = std::max(at, world_.now());
  if (at == wake) return;
  wake = at;
  if (at != time_point::max()) world_.push(at, event_kind::wake, index_);
}
quota_server& process::server() { return world_.server(); }
void process::ask_store(std::uint64_t number, duration patience, store_command what) {
  world_.ask_store(index_, number, patience, std::move(what));
}
duration process::store_age() const { return world_.store_age(); }

std::size_t most_within(const std::vector<time_point>& sends, duration window) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < sends.size(); ++last) {
    while (sends[last] - sends[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

std::size_t most_after_pauses(const std::vector<time_point>& sends, const std::vector<time_point>& refusals) {
  std::size_t most = 0;
  for (const time_point refused : refusals) {
    const auto first = std::upper_bound(sends.begin(), sends.end(), refused);
    if (first == sends.end()) continue;
    const auto last = std::upper_bound(first, sends.end(), *first + std::chrono::seconds{5});
    most = std::max(most, most_within({first, last}, std::chrono::milliseconds{100}));
  }
  return most;
}

double quantile(const std::vector<float>& sorted, double p) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
}

figures simulation::collect() {
  figures f;
  double sum = 0;
  double squares = 0;
  for (const auto& p : processes_) {
    p->result.most_in_a_window = most_within(p->sends, setup_.window);
    p->result.most_counted = most_within(p->counted, setup_.window);
    p->result.most_after_a_pause = most_after_pauses(p->sends, p->refusals);
    f.each.push_back(p->result);
    f.sent += p->result.sent;
    f.minted += p->result.minted;
    f.refused += p->result.refused;
    const auto minted = static_cast<double>(p->result.minted);
    sum += minted;
    squares += minted * minted;
  }
  f.jain = squares > 0 ? sum * sum / (static_cast<double>(processes_.size()) * squares) : 1;
  f.logins = logins_;
  f.logins_in_time = latencies_.size();
  f.length = seconds{now_ - start}.count();
  capacity_ += capacity_rate_ * seconds{now_ - capacity_at_}.count();
  f.goodput = std::min(1.0, static_cast<double>(f.minted) / capacity_);
  std::sort(latencies_.begin(), latencies_.end());
  f.latencies = std::move(latencies_);
  std::sort(waits_.begin(), waits_.end());
  f.waits = std::move(waits_);
  f.most_counted = most_within(counted_, setup_.window);
  f.store_commands = store_.commands();
  f.trace = std::move(trace_);
  return f;
}

}  // namespace

double figures::percentile(double p) const { return quantile(latencies, p); }
double figures::wait(double p) const { return quantile(waits, p); }

double figures::use(duration from, duration until, double a_second) const {
  const auto first = static_cast<std::size_t>(from / std::chrono::seconds{1});
  const auto last = std::min(trace.size(), static_cast<std::size_t>(until / std::chrono::seconds{1}));
  std::size_t admitted = 0;
  for (std::size_t second = first; second < last; ++second) admitted += trace[second].admitted;
  return static_cast<double>(admitted) / (a_second * seconds{until - from}.count());
}

figures run(const scenario& s, const strategy_maker& make) { return simulation{s, make}.run(); }

std::vector<server_rules> all_servers() {
  std::vector<server_rules> all;
  for (int a = 0; a < 8; ++a)
    for (const bool rejects : {false, true})
      for (const auto header : {retry_header::exact, retry_header::missing, retry_header::always_60}) {
        const auto how = static_cast<algorithm>(a);
        if (rejects && !rejects_can_count(how)) continue;
        all.push_back({how, rejects, header});
      }
  return all;
}

}  // namespace ephemint::quota_world

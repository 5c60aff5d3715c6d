#include "support/outage_world.hpp"

#include "core/random.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace ephemint::test {

namespace {

constexpr std::size_t workers = 32;  // as a stream has them
constexpr auto step = 20ms;

class world {
 public:
  explicit world(const outage_case& c)
      : case_{c},
        random_{c.seed},
        run_{{}, make_rate_governor(production_quota, quota_scope::per_api_key, c.seed), c.seed},
        begins_{run_.now() + c.begins},
        ends_{begins_ + c.lasts} {
    run_.dials = [this](std::size_t) { return next_dial(); };
    run_.requests = [this](const request&) { return next_request(); };
    run_.outage_patience = c.patience;
  }

  outage_figures play() {
    while (run_.problem().empty() && !over()) {
      fill_batch();
      maybe_login();
      const bool goes_now = run_.now() <= begins_ && run_.now() + step > begins_;
      run_.run_for(step);
      if (goes_now && case_.lasts > 0s && case_.how == absence::refusing)
        for (const auto id : run_.connection_ids()) run_.lose(id);
    }
    run_.run_for(10s);
    run_.shut_down();
    run_.run_to_rest();
    return figures();
  }

 private:
  bool is_away() const { return run_.now() >= begins_ && run_.now() < ends_; }
  core::duration round_trip() {
    return 60ms + core::whole(std::chrono::duration<double>{-0.02 * std::log(1.0 - random_.unit())});
  }

  dial_plan next_dial() {
    const bool away = is_away();
    const bool fails = away && (case_.how == absence::refusing || case_.how == absence::hanging);
    failed_dials_ += fails && run_.now() >= begins_ + 3s ? 1 : 0;
    if (away && case_.how == absence::refusing) return {round_trip(), scripted_failure{}};
    if (away && case_.how == absence::hanging) return {3s, scripted_failure{mint_errc::timed_out}};
    return {2 * round_trip()};
  }

  request_plan next_request() {
    if (!is_away()) return minted(round_trip());
    if (case_.how == absence::failing) return {.takes = round_trip(), .reply = {answer::server_error}};
    return silent();
  }

  void fill_batch() {
    std::erase_if(under_way_, [this](int call) { return run_.at(call).ended; });
    for (; batch_.size() < case_.batch && under_way_.size() < workers; under_way_.push_back(batch_.back()))
      batch_.push_back(run_.submit_patient("batch-" + std::to_string(batch_.size()), case_.urgency));
  }

  void maybe_login() {
    const double chance = case_.logins_per_second * std::chrono::duration<double>(step).count();
    if (random_.unit() < chance) logins_.push_back(run_.submit("se-" + std::to_string(logins_.size()), 8s));
  }

  bool over() const { return batch_.size() == case_.batch && under_way_.empty(); }

  outage_figures figures() const {
    outage_figures f;
    for (const int number : batch_) {
      const call& c = run_.at(number);
      ++(c.minted() ? f.minted : f.failed);
      f.wall = std::max(f.wall, c.ended_at - (begins_ - case_.begins));
    }
    for (const int number : logins_) count_login(run_.at(number), f);
    f.probes = failed_dials_;
    const auto& sent = run_.sent();
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const auto at = sent[i].sent_at;
      const bool of_batch = run_.at(sent[i].call).deadline == core::never;
      f.probes += of_batch && at >= begins_ + 3s && at < ends_ ? 1 : 0;
      if (at < ends_ || at > ends_ + 10s) continue;
      std::size_t n = 0;
      while (i + n < sent.size() && sent[i + n].sent_at < at + 100ms) ++n;
      f.most_in_100_ms = std::max(f.most_in_100_ms, n);
    }
    return f;
  }

  void count_login(const call& c, outage_figures& f) const {
    ++f.logins;
    if (c.minted()) return;
    f.logins_without_cause += c.end.code == mint_errc{} ? 1 : 0;
    const bool well = c.ended_at < begins_ || c.submitted > ends_ + 5s;
    f.logins_lost_while_well += well && c.end.code != mint_errc::closed ? 1 : 0;
  }

  outage_case case_;
  core::splitmix random_;
  engine_run run_;
  core::time_point begins_;
  core::time_point ends_;
  std::vector<int> batch_;
  std::vector<int> under_way_;
  std::vector<int> logins_;
  std::size_t failed_dials_ = 0;
};

}  // namespace

outage_figures play(const outage_case& c) { return world{c}.play(); }

}  // namespace ephemint::test

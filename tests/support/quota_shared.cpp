#include "quota_shared.hpp"

#include "support/quota_script_port.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace ephemint::quota_world {
namespace {

using redis::leasing_governor;
using redis::store_answer;

/// The script's data.
class script_data final : public store_data {
 public:
  std::unique_ptr<store_data> copy() const override { return std::make_unique<script_data>(*this); }
  test::quota_script_port script;
};

class change_listener final : public quota_listener {
 public:
  void quota_changed() noexcept override { changed = true; }
  bool changed = false;
};

/// Carries the governor's commands, as the shell does.
class shared_strategy final : public strategy {
 public:
  shared_strategy(actions& world, const leasing_governor::settings& told, client_network network,
                  std::uint64_t seed)
      : world_{world},
        window_{told.rate.window()},
        governor_{std::make_shared<leasing_governor>(told)},
        client_{world, *governor_, ~seed, network, listener_} {}

  void on_submit(time_point now, job_id id) override {
    client_.on_submit(now, id);
    pump(now);
  }
  void on_reply(time_point now, job_id id, const reply& r) override {
    client_.on_reply(now, id, r);
    pump(now);
  }
  void on_wake(time_point now) override {
    if (client_.wake_at() <= now) client_.on_wake(now);
    pump(now);
  }
  void on_store_answer(time_point now, std::uint64_t number) override {
    const auto out = answers_.find(number);
    const std::shared_ptr<store_answer> answer = std::move(out->second);
    answers_.erase(out);
    governor_->on_answer(now, number, *answer);
    pump(now);
  }
  void on_store_failure(time_point now, std::uint64_t number) override {
    answers_.erase(number);
    governor_->on_failure(now, number, "no answer");
    pump(now);
  }

 private:
  void pump(time_point now) {
    client_.perform(now);
    call_store(now);
    while (std::exchange(listener_->changed, false)) {
      client_.on_quota_changed(now);
      client_.perform(now);
      call_store(now);
    }
    world_.wake_at(std::min(client_.wake_at(), governor_->wake_at()));
  }

  void call_store(time_point now) {
    governor_->on_store_age(now, world_.store_age() > window_);
    while (auto out = governor_->next_call(now)) {
      auto answer = std::make_shared<store_answer>();
      answers_[out->number] = answer;
      world_.ask_store(out->number, out->patience,
                       [answer, key = out->key, call = std::move(out->call)](
                           std::unique_ptr<store_data>& kept, std::chrono::milliseconds at) {
                         if (!kept) kept = std::make_unique<script_data>();
                         *answer = static_cast<script_data&>(*kept).script.evaluate(at.count(), key, call);
                       });
    }
  }

  actions& world_;
  duration window_;
  std::shared_ptr<change_listener> listener_ = std::make_shared<change_listener>();
  std::shared_ptr<leasing_governor> governor_;
  engine_client client_;
  std::unordered_map<std::uint64_t, std::shared_ptr<store_answer>> answers_;
};

}  // namespace

leasing_governor::settings shared_settings(ephemint::quota q) {
  leasing_governor::settings s;
  s.rate = q;
  s.key = "ephemint:{world}:q";
  return s;
}

strategy_maker shared_driven(leasing_governor::settings told, client_network network) {
  return [=](actions& world, std::uint64_t seed) {
    leasing_governor::settings own = told;
    own.seed = seed;
    return std::make_unique<shared_strategy>(world, own, network, seed);
  };
}

}  // namespace ephemint::quota_world

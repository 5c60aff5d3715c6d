// A quota that is shared through a store, while memory runs out.

#include "trial.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <utility>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<rate_governor> shared_governor_of(trial& t) {
  shared_quota_options sharing;
  sharing.url = t.around.store;
  sharing.rate = quota::declared(1'000, 1s);
  return make_shared_rate_governor(t.here.get_executor(), t.options.api_key, t.options.base_url,
                                   std::move(sharing));
}

void shared_quota_mints(trial& t) {
  t.options.rate.reset();
  t.short_of_memory();
  for (int tries = 0; !t.options.governor && tries < 2; ++tries) try {
      t.options.governor = shared_governor_of(t);
    } catch (const std::bad_alloc&) {
      t.enough_memory();
    }
  t.make();
  t.mint();
  t.run();
  t.mint("se-2");
  t.run();
  t.enough_memory();
  t.options.governor.reset();
}

}  // namespace

const scenario store_scenarios[] = {{"shared_quota_mints", shared_quota_mints, scenario::needs::store},
                                    {nullptr, nullptr}};

}  // namespace ephemint::torture

// A quota that is shared by way of a store, while memory runs out.

#include "trial.hpp"

#include <ephemint/redis/shared_quota.hpp>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

void shared_quota_mints(trial& t) {
  t.options.rate.reset();
  shared_quota_options sharing;
  sharing.url = t.around.store;
  sharing.rate = quota::declared(1'000, 1s);
  for (int tries = 0; !t.options.governor && tries < 2; ++tries) try {
      t.short_of_memory();
      t.options.governor =
          make_shared_rate_governor(t.here.get_executor(), t.options.api_key, t.options.base_url, sharing);
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

#include "trial.hpp"

#include <algorithm>
#include <atomic>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

std::atomic<const char*> first_complaint = nullptr;

}  // namespace

void complain(const char* what) noexcept {
  const char* none = nullptr;
  first_complaint.compare_exchange_strong(none, what);
}
const char* complaint() noexcept { return first_complaint; }

trial::trial(const world& w, http2_use http2, long n, shortage how) : around{w}, n_{n}, how_{how} {
  options.base_url = w.base_url;
  options.api_key = secret{w.api_key};
  options.system_authorities = false;
  options.authority_pem = w.ca_pem;
  options.rate = quota::unlimited();
  options.http2 = http2;
  options.first_backoff = 1ms;
  options.max_backoff = 5ms;
  // When all later allocations fail, many mints end at their deadline.
  options.deadline = how == shortage::once ? 2s : 300ms;
  options.attempt_timeout = 1s;  // also where the machine is slow
}

void trial::make() {
  for (int tries = 0; !minter && tries < 3; ++tries) try {
      minter.emplace(here, options);
    } catch (const std::bad_alloc&) {
      enough_memory();
    }
  if (!minter) complain("no client can be made");
}

void trial::make_warm() {
  make();
  const call& first = mint(mint_request{.account = "se-1", .deadline = 5s});
  run();
  if (!first.well) complain("the first mint failed, with memory there");
}

trial::call& trial::mint(const mint_request& request) {
  return begin([&](call& one) { minter->async_mint(request, handler_of(one)); });
}

void trial::run() {
  run_until([this] {
    return std::all_of(calls_.begin(), calls_.begin() + static_cast<std::ptrdiff_t>(made_),
                       [](const call& one) { return one.over(); });
  });
}

void trial::end() {
  enough_memory();
  run();
  if (minter && mints_on_) {
    static std::string last_words;  // for `complain`, after this function
    const call& again = begin([&](call& one) {
      minter->async_mint({.account = "se-1", .deadline = 5s}, [&one](const mint_result& minted) {
        ++one.told;
        one.well = minted.has_value();
        if (!minted) last_words.assign("the client mints no more: ").append(minted.error().message());
      });
    });
    run();
    if (!again.well) complain(last_words.c_str());
  }
  minter.reset();
  here.restart();
  here.run_for(6s);
  if (!here.stopped()) complain("work is left");
  for (std::size_t i = 0; i < made_; ++i)
    if (calls_[i].told != (calls_[i].refused ? 0 : 1)) complain("a handler wasn't called once");
}

}  // namespace ephemint::torture

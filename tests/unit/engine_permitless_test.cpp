// A governor that expects no further permit: mints fail instead of waiting for ever.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ephemint::test {
namespace {

/// A quota that may never have a permit again.
class dry_quota final : public rate_governor {
 public:
  explicit dry_quota(quota_scope scope) : scope_{scope} {}

  std::uint32_t join(std::weak_ptr<quota_listener>) override { return 1; }
  void leave(std::uint32_t) override {}
  quota_scope scope() const noexcept override { return scope_; }
  admission try_acquire(core::time_point now, const permit_request& r) override {
    if (dry(r.account)) return {admission::verdict::later, {}, core::never};
    return {admission::verdict::granted, {++last_}, now};
  }
  void on_reply(core::time_point, permit, const permit_reply&) override {}
  void give_back(core::time_point, permit) override {}
  core::time_point estimate(core::time_point now, const permit_request& r, std::size_t) const override {
    return dry(r.account) ? core::never : now;
  }

  std::function<bool(std::string_view account)> dry = [](std::string_view) { return false; };

 private:
  quota_scope scope_;
  std::uint64_t last_ = 0;
};

struct permitless : testing::TestWithParam<bool> {
  static core::engine_settings settings(quota_scope scope) {
    core::engine_settings s;
    s.scope = scope;
    return s;
  }
  explicit permitless(quota_scope scope = quota_scope::per_api_key)
      : quota{std::make_shared<dry_quota>(scope)}, run{settings(scope), quota} {
    if (!GetParam()) return;  // a link stands
    run.submit("first");
    run.run_for(1s);
    EXPECT_EQ(run.connections(), 1u);
  }
  /// Failed without a request.
  bool told(int c) const { return run.at(c).failed(mint_errc::rate_limited) && run.at(c).requests == 0; }

  std::shared_ptr<dry_quota> quota;
  engine_run run;
};

struct permitless_account : permitless {
  permitless_account() : permitless{quota_scope::per_account} {}
};

TEST_P(permitless, all_who_wait_are_told_whether_they_have_a_deadline_or_not) {
  quota->dry = [](std::string_view) { return true; };
  const int login = run.submit("a");
  const int patient = run.submit_patient("b");
  const int batch = run.submit_patient("c", priority::background);
  run.run_for(1s);
  for (const int c : {login, patient, batch}) EXPECT_TRUE(told(c)) << c;
  EXPECT_EQ(run.at(login).end.retry_at, core::never) << "nobody knows when it is worth a try";
}

TEST_P(permitless, who_waited_before_it_ran_dry_is_told) {
  run.requests = [](const request&) { return minted(2s); };
  const int sent = run.submit("a");
  run.run_for(100ms);
  const int waits = run.submit_patient("b");  // for the one connection's lane, or a dial
  quota->dry = [](std::string_view) { return true; };
  const int last = run.submit_patient("c");
  run.run_for(10s);
  EXPECT_TRUE(run.at(sent).ended);
  EXPECT_TRUE(run.at(waits).ended);
  EXPECT_TRUE(told(last));
}

TEST_P(permitless, what_comes_later_is_minted_when_there_are_permits_again) {
  quota->dry = [](std::string_view) { return true; };
  const int now = run.submit("a");
  run.run_for(1s);
  ASSERT_TRUE(told(now));
  quota->dry = [](std::string_view) { return false; };
  const int later = run.submit("b");
  run.run_for(2s);
  EXPECT_TRUE(run.at(later).minted());
}

TEST_P(permitless_account, other_accounts_go_on) {
  quota->dry = [](std::string_view account) { return account == "dry"; };
  const int before = run.submit_patient("wet-1");
  const int login = run.submit("dry");
  const int patient = run.submit_patient("dry");
  const int after = run.submit_patient("wet-2");
  run.run_for(2s);
  EXPECT_TRUE(told(login));
  EXPECT_TRUE(told(patient));
  EXPECT_TRUE(run.at(before).minted());
  EXPECT_TRUE(run.at(after).minted());
}

std::string link_name(const testing::TestParamInfo<bool>& info) {
  return info.param ? "a_link_stands" : "no_link_stands";
}
INSTANTIATE_TEST_SUITE_P(engine, permitless, testing::Bool(), link_name);
INSTANTIATE_TEST_SUITE_P(engine, permitless_account, testing::Bool(), link_name);

}  // namespace
}  // namespace ephemint::test

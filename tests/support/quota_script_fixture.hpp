#pragma once

#include "support/quota_script_store.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace ephemint::test {

/// The script, called at times that a test chooses: 100 requests in 10 s, unless a test says otherwise.
class quota_script : public ::testing::Test {
 protected:
  using milliseconds = redis::milliseconds;
  using status = redis::store_answer::status;
  using mode = redis::store_answer::mode;

  void SetUp() override {
    EPHEMINT_SKIP_WITHOUT_REDIS();
    store_ = std::make_unique<quota_script_store>();
  }

  /// The call of a member that holds nothing and asks for nothing; `change` modifies it.
  template <class Change>
  redis::store_answer call(const std::string& member, std::uint64_t seq, Change change) {
    redis::store_call c;
    c.member = member;
    c.seq = seq;
    c.spare_epoch = "e" + std::to_string(++epochs_);
    c.quota = 100;
    c.window = milliseconds{10'000};
    c.lease = milliseconds{7000};
    c.calm = true;
    change(c);
    return store_->evaluate(now_, key_, c);
  }
  redis::store_answer call(const std::string& member, std::uint64_t seq) {
    return call(member, seq, [](redis::store_call&) {});
  }
  redis::store_answer wants_logins(const std::string& member, std::uint64_t seq, std::uint64_t count) {
    return call(member, seq, [count](redis::store_call& c) { c.want_logins = count; });
  }
  /// The member reports that it used `count` just now, and holds nothing.
  redis::store_answer used(const std::string& member, std::uint64_t seq, std::uint64_t count,
                           std::uint64_t confirmed = 0) {
    return call(member, seq, [&](redis::store_call& c) {
      c.confirmed = confirmed;
      c.uses = {{milliseconds{0}, count}};
    });
  }

  void pass(std::int64_t ms) { now_ += ms; }
  std::string field(const std::string& name) { return store_->fields(key_)[name]; }

  std::unique_ptr<quota_script_store> store_;
  std::string key_ = "ephemint:{0}:q";
  std::int64_t now_ = 1'800'000'000'000;
  std::uint64_t epochs_ = 0;
};

}  // namespace ephemint::test

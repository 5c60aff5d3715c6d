#include "support/redis_server.hpp"

#include <gtest/gtest.h>

namespace ephemint::test {
namespace {

TEST(RedisServerFixture, AnswersIsStoppedAndComesBackEmptyOnItsPort) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  EXPECT_EQ(store.ask_text({"SET", "a", "1"}), "OK");
  const auto port = store.port();
  store.stop();
  EXPECT_THROW(store.ask({"GET", "a"}), std::runtime_error);
  store.start();
  EXPECT_EQ(store.port(), port);
  EXPECT_EQ(store.ask({"GET", "a"}).what, redis_reply::kind::nothing);
}

TEST(RedisServerFixture, SaysWhyItDoesNotStart) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  EXPECT_THROW(redis_server({.arguments = {"--maxmemory", "nonsense"}}), std::runtime_error);
}

}  // namespace
}  // namespace ephemint::test

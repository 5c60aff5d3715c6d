#include "net/dial/tls_basis.hpp"

#include "temporary_file.hpp"
#include "test_authority.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ephemint::net {
namespace {

const test::identity& root() {
  static const test::identity made = test::make_root();
  return made;
}

endpoint_settings usual() {
  return {.host = "localhost", .system_authorities = false, .authority_pem = root().pem()};
}

class tls_sharing : public testing::Test {
 protected:
  std::shared_ptr<tls_basis> find(const endpoint_settings& settings) {
    return boost::asio::use_service<tls_bases>(context).find(settings);
  }
  boost::asio::io_context context;
};

// behaviours: K4
TEST_F(tls_sharing, those_who_are_told_the_same_have_the_same) {
  endpoint_settings other = usual();
  other.port = 8443;
  other.http = http_offer::http1;
  other.max_streams = 1;
  const auto first = find(usual());
  EXPECT_EQ(find(usual()), first);
  EXPECT_EQ(find(other), first) << "what a session says for itself makes no difference";
}

// behaviours: K4, T7
TEST_F(tls_sharing, those_who_are_told_something_else_have_another) {
  const test::identity stranger = test::make_root("Somebody else");
  const std::vector<std::function<void(endpoint_settings&)>> changes = {
      [](endpoint_settings& s) { s.host = "127.0.0.1"; },
      [&](endpoint_settings& s) { s.authority_pem = stranger.pem(); },
      [](endpoint_settings& s) { s.system_authorities = true; },
      [](endpoint_settings& s) { s.resume_sessions = false; },
  };
  const auto first = find(usual());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    endpoint_settings changed = usual();
    changes[i](changed);
    EXPECT_NE(find(changed), first) << i;
  }
  EXPECT_EQ(find(usual()), first);
}

// behaviours: K4
TEST_F(tls_sharing, one_with_an_authority_file_is_shared_with_nobody) {
  const test::temporary_file file{root().pem()};
  endpoint_settings settings = usual();
  settings.authority_file = file.path();
  const auto first = find(settings);
  EXPECT_NE(find(settings), first);
  EXPECT_NE(find(usual()), first);
}

// behaviours: K4
TEST_F(tls_sharing, one_goes_with_its_last_user) {
  auto first = find(usual());
  const std::weak_ptr<tls_basis> gone = first;
  auto second = find(usual());
  first.reset();
  EXPECT_FALSE(gone.expired());
  second.reset();
  EXPECT_TRUE(gone.expired());
  EXPECT_NE(find(usual()), nullptr);
}

TEST_F(tls_sharing, nothing_to_trust_is_no_basis_and_leaves_no_trace) {
  endpoint_settings nothing = usual();
  nothing.authority_pem.clear();
  EXPECT_THROW(find(nothing), std::invalid_argument);
  EXPECT_NE(find(usual()), nullptr);
}

// behaviours: K4
TEST_F(tls_sharing, threads_that_ask_at_once_get_the_same) {
  std::vector<std::shared_ptr<tls_basis>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : found) threads.emplace_back([&] { mine = find(usual()); });
  }
  for (const auto& each : found) EXPECT_EQ(each, found.front());
}

TEST_F(tls_sharing, contexts_share_nothing) {
  boost::asio::io_context other;
  EXPECT_NE(boost::asio::use_service<tls_bases>(other).find(usual()), find(usual()));
}

}  // namespace
}  // namespace ephemint::net

#include "shell/keys_in_use.hpp"

#include "reply_fixture.hpp"
#include "shell/credential_access.hpp"

#include <ephemint/credential.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

namespace ephemint {
namespace {

using namespace detail;
using testing_support::padded_reply;

class held_keys : public testing::Test {
 protected:
  static checked_options options() {
    checked_options checked;
    checked.host_header = "api.example";
    checked.target = "/v1/tokens/ephemeral?redirect=shipengine-dashboard";
    checked.bare_target = "/v1/tokens/ephemeral";
    checked.user_agent = "test";
    return checked;
  }
  std::weak_ptr<const secret> key_in_force() const { return credential_access::state(key)->current().text; }
  /// The message kept from a 401 with that text.
  std::string shown(const std::string& text) {
    const padded_reply echo{401, R"({"errors":[{"error_source":"shipengine","error_type":"security",)"
                                 R"("error_code":"unauthorized","message":")" +
                                     text + "\"}]}"};
    return keys.reader().read(echo.reply, {}, {}).api_errors.at(0).message;
  }
  bool written_with(std::string_view key_text, bool token_only = false) {
    return keys.writer(token_only).write("se-1").text.find(key_text) != std::string_view::npos;
  }

  credential key{secret{"first-key"}};
  keys_in_use keys{credential_access::state(key), options()};
};

// behaviours: K1
TEST_F(held_keys, both_kinds_of_request_are_written_with_the_key_in_force) {
  EXPECT_TRUE(written_with("first-key") && written_with("first-key", true));
  key.rotate(secret{"second-key"});
  keys.follow();
  EXPECT_EQ(keys.version(), key.version());
  for (const bool token_only : {false, true}) {
    EXPECT_TRUE(written_with("second-key", token_only));
    EXPECT_FALSE(written_with("first-key", token_only));
  }
}

// behaviours: I5, K1
TEST_F(held_keys, echo_of_any_key_that_may_be_out_is_hidden) {
  for (const char* next : {"second-key", "third-key", "fourth-key"}) {
    key.rotate(secret{next});
    keys.follow();
  }
  EXPECT_EQ(shown("not first-key, second-key, third-key, fourth-key"),
            "not [redacted], [redacted], [redacted], [redacted]");
}

// behaviours: X4, K1
TEST_F(held_keys, those_before_go_when_nothing_is_out_with_them) {
  const auto first = key_in_force();
  key.rotate(secret{"second-key"});
  const auto second = key_in_force();
  EXPECT_FALSE(keys.any_before());
  keys.follow();
  key.rotate(secret{"third-key"});
  keys.follow();
  EXPECT_TRUE(keys.any_before());
  EXPECT_FALSE(first.expired() || second.expired());
  keys.forget_before();
  EXPECT_FALSE(keys.any_before());
  EXPECT_TRUE(first.expired() && second.expired());
  EXPECT_EQ(shown("third-key"), "[redacted]");
}

}  // namespace
}  // namespace ephemint

#include "core/key/key_state.hpp"
#include "shell/credential_access.hpp"

#include <ephemint/client_options.hpp>
#include <ephemint/credential.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ephemint {
namespace {

using core::key_state;

static_assert(std::is_nothrow_copy_constructible_v<credential> &&
              std::is_nothrow_copy_assignable_v<credential>);
static_assert(std::is_copy_constructible_v<client_options> && std::is_copy_assignable_v<client_options>);
static_assert(std::is_nothrow_move_constructible_v<client_options>);
static_assert(std::is_convertible_v<secret, credential>);

key_state& state_of(const credential& c) { return *detail::credential_access::state(c); }
std::shared_ptr<const secret> text_of(const credential& c) { return state_of(c).current().text; }

/// Is told of new keys.
struct ear final : core::key_listener {
  void key_changed() noexcept override {
    ++heard;
    if (then) then();
  }
  int heard = 0;
  std::function<void()> then;
};

TEST(Credential, is_empty_until_it_is_given_a_key) {
  credential key;
  EXPECT_TRUE(key.empty());
  const credential copy = key;
  key.rotate(secret{"planted"});
  EXPECT_FALSE(copy.empty());
  EXPECT_EQ(text_of(copy)->reveal(), "planted");
}

TEST(Credential, is_made_of_a_secret_where_options_are_written) {
  client_options assigned;
  assigned.api_key = secret{"planted"};
  const client_options designated{.api_key = secret{"planted"}};
  EXPECT_EQ(text_of(assigned.api_key)->reveal(), text_of(designated.api_key)->reveal());
  assigned.api_key = {};
  EXPECT_TRUE(assigned.api_key.empty());
}

TEST(Credential, moved_from_is_still_a_copy) {
  credential key{secret{"planted"}};
  const credential taken{std::move(key)};
  EXPECT_FALSE(key.empty());
  EXPECT_EQ(&state_of(key), &state_of(taken));
}

TEST(Credential, does_not_print) {  // behaviours: X4
  std::ostringstream out;
  out << credential{} << credential{secret{"planted"}};
  EXPECT_EQ(out.str(), "[redacted][redacted]");
}

// behaviours: K3
TEST(Credential, rotation_is_seen_through_every_copy) {
  credential key{secret{"planted"}};
  const client_options options{.api_key = key};
  const client_options copy = options;
  EXPECT_EQ(copy.api_key.version(), 1u);
  for (std::uint64_t account = 1; account <= 3; ++account)
    state_of(key).guard().on_refused({}, false, account, 1);
  EXPECT_EQ(state_of(copy.api_key).guard().at({}), core::key_guard::state::probe_due);
  key.rotate(secret{"renewed"});
  EXPECT_EQ(copy.api_key.version(), 2u);
  EXPECT_EQ(text_of(copy.api_key)->reveal(), "renewed");
  EXPECT_EQ(state_of(copy.api_key).current().version, 2u);
  EXPECT_EQ(state_of(copy.api_key).guard().at({}), core::key_guard::state::open);
}

TEST(Credential, rotation_to_a_wrong_key_is_refused_by_name) {  // behaviours: X1
  credential key{secret{"planted"}};
  const auto fault = [&key](std::string_view wrong) -> std::string {
    try {
      key.rotate(secret{wrong});
      return {};
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
  };
  EXPECT_EQ(fault(""), "api_key: is empty; give the partner's API key");
  EXPECT_EQ(fault("wrong\n"),
            "api_key: character 6 is not visible ASCII; is there a space or line break in it?");
  EXPECT_EQ(fault(std::string(513, 'k')), "api_key: has 513 characters; give at most 512");
  EXPECT_EQ(key.version(), 1u);
  EXPECT_EQ(text_of(key)->reveal(), "planted");
}

// behaviours: X4
TEST(Credential, key_goes_with_the_last_copy) {
  std::optional<client_options> first{client_options{.api_key = secret{"planted"}}};
  std::optional<client_options> second{*first};
  const std::weak_ptr<const secret> kept = text_of(first->api_key);
  first.reset();
  ASSERT_FALSE(kept.expired());
  second.reset();
  EXPECT_TRUE(kept.expired()) << "and a secret is overwritten as it goes";
}

// behaviours: X4
TEST(Credential, old_key_goes_once_nobody_uses_it) {
  credential key{secret{"planted"}};
  std::shared_ptr<const secret> in_use = text_of(key);
  const std::weak_ptr<const secret> kept = in_use;
  key.rotate(secret{"renewed"});
  EXPECT_EQ(in_use->reveal(), "planted") << "a request that is out keeps it";
  in_use.reset();
  EXPECT_TRUE(kept.expired());
}

TEST(KeyState, listeners_hear_of_each_new_key_while_they_live) {
  key_state state{secret{"planted"}};
  auto gone = std::make_shared<ear>();
  const auto stays = std::make_shared<ear>();
  state.listen(gone);
  state.listen(stays);
  state.rotate(secret{"second"});
  EXPECT_EQ(gone->heard, 1);
  gone.reset();
  state.rotate(secret{"third"});
  EXPECT_EQ(stays->heard, 2);
}

TEST(KeyState, listener_may_ask_for_the_new_key_and_be_the_last_of_its_kind) {
  key_state state{secret{"planted"}};
  auto e = std::make_shared<ear>();
  std::string seen;
  e->then = [&] {
    seen = state.current().text->reveal();
    e.reset();  // what calls it holds the last reference
    state.listen(std::make_shared<ear>());
  };
  state.listen(e);
  state.rotate(secret{"renewed"});
  EXPECT_EQ(seen, "renewed");
  EXPECT_EQ(e, nullptr);
}

}  // namespace
}  // namespace ephemint

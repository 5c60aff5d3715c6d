// Names with several addresses, of which some accept and then fail.
#include "connection_run.hpp"
#include "scripted_server.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::net {
namespace {

using test::heard;
using test::peer;
using test::scripted_server;
using test::silent_listener;
using namespace std::chrono_literals;

void accept_gladly(peer& client) {
  if (client.shake_hands()) client.wait_for_goodbye();
}
void hang(peer& client) {
  while (!client.read_raw(4096).empty()) continue;
}
void hang_up(peer& client) { client.read_raw(4096); }
void slam(peer& client) {
  client.read_raw(4096);
  client.reset();
}

asio::ip::address ip(const std::string& text) { return asio::ip::make_address(text); }

/// A name server whose answer may change.
class name_server {
 public:
  explicit name_server(std::vector<std::string> texts) { say(std::move(texts)); }
  void say(std::vector<std::string> texts) {
    const std::lock_guard lock{mutex_};
    now_ = {};
    for (const std::string& text : texts) now_.found.push_back(ip(text));
    if (now_.found.empty()) now_.problem = "name server down";
  }
  int asked() const { return asked_; }
  lookup_function function() {
    return [this](const std::string&) {
      ++asked_;
      const std::lock_guard lock{mutex_};
      return now_;
    };
  }

 private:
  std::mutex mutex_;
  lookup_result now_;
  std::atomic<int> asked_ = 0;
};

/// One that records what a dial reports about addresses, and puts given ones last.
struct noting_run : test::connection_run {
  using connection_run::connection_run;

  void arrange(addresses& found) override {
    arranged = found;
    std::ranges::stable_partition(found, [&](const auto& each) { return each.to_string() != last; });
  }
  void on_address(link_id from, const asio::ip::address& which, address_news what) override {
    EXPECT_EQ(from, id);
    static constexpr const char* names[] = {"taken", "broke", "silent"};
    news.push_back(which.to_string() + ' ' + names[static_cast<int>(what)]);
  }

  std::string last;
  addresses arranged;
  std::vector<std::string> news;
};

using words = std::vector<std::string>;

/// A sick server and a healthy one, of one port: 127.0.0.2 and 127.0.0.3.
struct two_nodes {
  explicit two_nodes(scripted_server::script sickness,
                     const test::server_wishes& shown = test::connection_run::good_server())
      : healthy{test::connection_run::good_server(), {accept_gladly}, "127.0.0.3"},
        sick{shown, {std::move(sickness)}, "127.0.0.2", healthy.port()} {}
  std::uint16_t port() const { return healthy.port(); }

  scripted_server healthy;
  scripted_server sick;
};

// behaviours: A1
TEST(DialSick, an_address_that_hangs_up_in_the_handshake_gives_the_next_its_turn) {
  for (const auto& sickness : {hang_up, slam}) {
    two_nodes nodes{sickness};
    name_server names{{"127.0.0.2", "127.0.0.3"}};
    noting_run run{nodes.port(), "api.test", names.function()};
    EXPECT_EQ(run.dial().what, heard::kind::connected);
    EXPECT_EQ(run.news, (words{"127.0.0.2 broke", "127.0.0.3 taken"}));
  }
}

// behaviours: A1
TEST(DialSick, an_address_that_hangs_in_the_handshake_is_overtaken) {
  two_nodes nodes{hang};
  name_server names{{"127.0.0.2", "127.0.0.3"}};
  noting_run run{nodes.port(), "api.test", names.function()};
  run.connect(5s, 300ms);
  EXPECT_EQ(run.next().what, heard::kind::connected);
  EXPECT_EQ(run.news, (words{"127.0.0.2 silent", "127.0.0.3 taken"}));
}

TEST(DialSick, a_handshake_that_is_only_slow_still_wins_against_one_that_hangs) {
  std::atomic<bool> other_came = false;
  scripted_server second{test::connection_run::good_server(),
                         {[&](peer& client) {
                           other_came = true;
                           hang(client);
                         }},
                         "127.0.0.3"};
  scripted_server slow{test::connection_run::good_server(),
                       {[&](peer& client) {
                         while (!other_came) std::this_thread::yield();
                         accept_gladly(client);
                       }},
                       "127.0.0.2",
                       second.port()};
  name_server names{{"127.0.0.2", "127.0.0.3"}};
  noting_run run{second.port(), "api.test", names.function()};
  EXPECT_EQ(run.dial().what, heard::kind::connected);
  EXPECT_EQ(run.news, (words{"127.0.0.2 taken"})) << "who began later lost no more than its start";
}

// behaviours: T1
TEST(DialSick, a_refused_certificate_ends_the_dial_and_is_told_of_its_address) {
  const auto stale = test::issue(test::connection_run::root(), {.from = -2h, .until = -1h});
  two_nodes nodes{accept_gladly, {.shown = stale}};
  name_server names{{"127.0.0.2", "127.0.0.3"}};
  noting_run run{nodes.port(), "api.test", names.function()};
  const heard seen = run.dial();
  EXPECT_EQ(seen.what, heard::kind::connect_failed);
  EXPECT_FALSE(seen.why.retryable);
  EXPECT_NE(seen.why.message.view().find("has expired"), std::string_view::npos) << seen.why.message.view();
  EXPECT_EQ(run.news, (words{"127.0.0.2 broke"}));
  EXPECT_EQ(nodes.healthy.connections(), 0);
}

TEST(DialSick, what_is_worth_trying_again_is_told_rather_than_a_refused_certificate) {
  const auto stale = test::issue(test::connection_run::root(), {.from = -2h, .until = -1h});
  scripted_server leaves{test::connection_run::good_server(), {hang_up}, "127.0.0.2"};
  scripted_server refused{{.shown = stale}, {accept_gladly}, "127.0.0.3", leaves.port()};
  name_server names{{"127.0.0.2", "127.0.0.3"}};
  noting_run run{refused.port(), "api.test", names.function()};
  EXPECT_TRUE(run.dial().why.retryable);
  EXPECT_EQ(run.news, (words{"127.0.0.2 broke", "127.0.0.3 broke"}));
}

// behaviours: A1
TEST(DialSick, the_fourth_address_is_reached_when_three_hang_in_the_handshake) {
  scripted_server healthy{test::connection_run::good_server(), {accept_gladly}, "127.0.0.9"};
  std::vector<std::unique_ptr<scripted_server>> sick;
  std::vector<std::string> all;
  for (int i = 2; i <= 4; ++i) {
    all.push_back("127.0.0." + std::to_string(i));
    sick.push_back(std::make_unique<scripted_server>(test::connection_run::good_server(),
                                                     std::vector<scripted_server::script>{hang}, all.back(),
                                                     healthy.port()));
  }
  all.push_back("127.0.0.9");
  name_server names{all};
  noting_run run{healthy.port(), "api.test", names.function()};
  run.connect(5s, 300ms);
  EXPECT_EQ(run.next().what, heard::kind::connected);
  EXPECT_EQ(run.news.back(), "127.0.0.9 taken");
  EXPECT_EQ(run.news.size(), 4u);
}

// behaviours: A1, N5
TEST(DialSick, addresses_that_all_hang_fail_the_dial_once_within_both_times) {
  scripted_server first{test::connection_run::good_server(), {hang}, "127.0.0.2"};
  scripted_server second{test::connection_run::good_server(), {hang}, "127.0.0.3", first.port()};
  name_server names{{"127.0.0.2", "127.0.0.3"}};
  noting_run run{first.port(), "api.test", names.function()};
  run.connect(100ms, 150ms);
  const heard seen = run.next();
  EXPECT_EQ(seen.what, heard::kind::connect_failed);
  EXPECT_TRUE(seen.why.retryable);
  EXPECT_EQ(run.news, (words{"127.0.0.2 silent", "127.0.0.3 silent"}));
  run.run_dry();
}

// behaviours: A2, N4
TEST(DialSick, an_ipv6_path_that_swallows_the_handshake_gives_ipv4_its_turn) {
  scripted_server four{test::connection_run::good_server(), {accept_gladly}, "127.0.0.1"};
  std::optional<scripted_server> six;
  try {
    six.emplace(test::connection_run::good_server(), std::vector<scripted_server::script>{hang}, "::1",
                four.port());
  } catch (const std::exception&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  name_server names{{"::1", "127.0.0.1"}};
  noting_run run{four.port(), "api.test", names.function()};
  run.connect(5s, 300ms);
  EXPECT_EQ(run.next().what, heard::kind::connected);
  EXPECT_EQ(run.news, (words{"::1 silent", "127.0.0.1 taken"}));
}

// behaviours: N4, N5
TEST(DialSick, what_tcp_met_is_told_of_each_address) {
  scripted_server healthy{test::connection_run::good_server(), {accept_gladly}, "127.0.0.9"};
  const silent_listener silent{"127.0.0.2", healthy.port()};
  name_server names{{"127.0.0.3", "127.0.0.2", "127.0.0.9"}};  // nobody listens at the first
  noting_run run{healthy.port(), "api.test", names.function()};
  EXPECT_EQ(run.dial().what, heard::kind::connected);
  EXPECT_EQ(run.news, (words{"127.0.0.3 broke", "127.0.0.2 silent", "127.0.0.9 taken"}));
}

// behaviours: A1
TEST(DialSick, addresses_are_tried_in_the_order_that_the_observer_gives_them) {
  two_nodes nodes{hang};
  name_server names{{"127.0.0.2", "127.0.0.3"}};
  noting_run run{nodes.port(), "api.test", names.function()};
  run.last = "127.0.0.2";
  EXPECT_EQ(run.dial().what, heard::kind::connected);
  EXPECT_EQ(run.news, (words{"127.0.0.3 taken"}));
  EXPECT_EQ(nodes.sick.connections(), 0);
  EXPECT_EQ(run.arranged, (addresses{ip("127.0.0.2"), ip("127.0.0.3")}));
}

TEST(DialSick, families_take_turns_before_the_observer_is_asked) {
  name_server names{{"::1", "::2", "127.0.0.2"}};
  noting_run run{test::closed_port(), "api.test", names.function()};
  run.dial();
  EXPECT_EQ(run.arranged, (addresses{ip("::1"), ip("127.0.0.2"), ip("::2")}));
}

// behaviours: C7
TEST(DialSick, closing_at_any_moment_tells_nothing) {
  two_nodes nodes{hang};
  name_server names{{"127.0.0.2", "127.0.0.3"}};
  for (int steps = 0; steps < 24; ++steps) {
    noting_run run{nodes.port(), "api.test", names.function()};
    run.connect(5s, 15ms);
    for (int i = 0; i < steps && run.told.empty(); ++i) run.io.run_one_for(test::connection_run::patience);
    run.told.clear();
    run.link->close();
    run.run_dry();
  }
}

// --- addresses that move

/// Dials, and whether that succeeded.
bool connects(noting_run& run) {
  const bool stands = run.dial().what == heard::kind::connected;
  run.link->close();
  run.renew();
  return stands;
}

// behaviours: N7
TEST(DialSick, a_dial_that_is_refused_has_the_next_one_ask_for_the_addresses) {
  scripted_server new_place{test::connection_run::good_server(), {accept_gladly}, "127.0.0.3"};
  auto old_place = std::make_unique<scripted_server>(test::connection_run::good_server(),
                                                     std::vector<scripted_server::script>{accept_gladly},
                                                     "127.0.0.2", new_place.port());
  name_server names{{"127.0.0.2"}};
  noting_run run{new_place.port(), "api.test", names.function()};
  EXPECT_TRUE(connects(run));
  EXPECT_TRUE(connects(run));
  EXPECT_EQ(names.asked(), 1) << "kept while all is well";
  old_place.reset();
  names.say({"127.0.0.3"});
  EXPECT_FALSE(connects(run));
  EXPECT_TRUE(connects(run));
  EXPECT_EQ(names.asked(), 2);
}

// behaviours: N7
TEST(DialSick, whatever_the_old_address_does_now_the_next_dial_asks_again) {
  const auto stranger = test::issue(test::make_root("A stranger"), {});
  scripted_server new_place{test::connection_run::good_server(), {accept_gladly}, "127.0.0.3"};
  const std::vector<std::pair<test::server_wishes, scripted_server::script>> now_at_the_old_place = {
      {{.shown = stranger}, accept_gladly},
      {test::connection_run::good_server(), hang},
      {test::connection_run::good_server(), hang_up},
  };
  for (const auto& [shown, does] : now_at_the_old_place) {
    scripted_server old_place{shown, {does}, "127.0.0.2", new_place.port()};
    name_server names{{"127.0.0.2"}};
    noting_run run{new_place.port(), "api.test", names.function()};
    run.connect(5s, 100ms);
    EXPECT_EQ(run.next().what, heard::kind::connect_failed);
    run.renew();
    names.say({"127.0.0.3"});
    EXPECT_TRUE(connects(run));
  }
}

// behaviours: N7
TEST(DialSick, a_dial_that_times_out_has_the_next_one_ask_for_the_addresses) {
  scripted_server new_place{test::connection_run::good_server(), {accept_gladly}, "127.0.0.3"};
  const silent_listener old_place{"127.0.0.2", new_place.port()};
  name_server names{{"127.0.0.2"}};
  noting_run run{new_place.port(), "api.test", names.function()};
  run.connect(60ms);
  EXPECT_EQ(run.next().what, heard::kind::connect_failed);
  run.renew();
  names.say({"127.0.0.3"});
  EXPECT_TRUE(connects(run));
}

// behaviours: N7
TEST(DialSick, old_addresses_serve_when_the_name_server_is_down_as_well) {
  auto place = std::make_unique<scripted_server>(test::connection_run::good_server(),
                                                 std::vector<scripted_server::script>{hang_up, accept_gladly},
                                                 "127.0.0.2");
  name_server names{{"127.0.0.2"}};
  noting_run run{place->port(), "api.test", names.function()};
  EXPECT_FALSE(connects(run));
  names.say({});
  EXPECT_TRUE(connects(run));
  EXPECT_EQ(names.asked(), 2);
  EXPECT_TRUE(connects(run));
  EXPECT_EQ(names.asked(), 2) << "that it failed is remembered";
}

}  // namespace
}  // namespace ephemint::net

#include "scripted_server.hpp"
#include "shell/credential_access.hpp"
#include "support/child.hpp"
#include "support/client_run.hpp"
#include "support/redis_server.hpp"

#include <ephemint/redis/shared_quota.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ephemint {
namespace {

using test::redis_server;
using namespace std::chrono_literals;

constexpr std::string_view api_key = "live_hush_hush_hush";
const quota small = quota::declared(40, 2s);

shared_quota_options shared_by(const std::string& url) {
  shared_quota_options o;
  o.url = url;
  o.rate = small;
  o.lease = 1s;
  return o;
}

std::shared_ptr<shared_rate_governor> governor_for(asio::io_context& io, shared_quota_options o) {
  return make_shared_rate_governor(io.get_executor(), secret{api_key}, "https://api.shipengine.com",
                                   std::move(o));
}

sandbox::server_options limited() {
  sandbox::server_options o;
  o.api_key = api_key;
  o.limit.kind = sandbox::limiter_kind::sliding_window;
  o.limit.requests = small.requests();
  o.limit.window = small.window();
  o.peak_window = small.window();
  return o;
}

/// Runs until that holds. Fails the test if it never does.
void run_until(asio::io_context& io, const std::function<bool()>& holds) {
  const auto limit = std::chrono::steady_clock::now() + 20s;
  while (!holds() && std::chrono::steady_clock::now() < limit) {
    io.restart();
    io.run_one_for(20ms);
  }
  EXPECT_TRUE(holds());
}

void run_dry(asio::io_context& io) {
  io.restart();
  io.run_for(10s);
  EXPECT_TRUE(io.stopped()) << "work is left on the context";
}

/// Processes that share a quota, simulated in one process.
class members {
 public:
  members(int count, const sandbox::server& api, const shared_quota_options& like) : api_{api} {
    for (int i = 0; i < count; ++i) {
      shared_quota_options o = shared_by(like.url);
      o.lost = like.lost;
      governors.push_back(
          make_shared_rate_governor(io.get_executor(), secret{api.api_key()}, api.base_url(), std::move(o)));
      client_options options = test::options_for(api);
      options.rate.reset();
      options.governor = governors.back();
      options.deadline = no_deadline;
      clients.push_back(std::make_unique<client>(io.get_executor(), std::move(options)));
    }
  }

  /// Makes each process mint so many.
  void mint(int each) {
    for (auto& one : clients)
      for (int i = 0; i < each; ++i)
        one->async_mint({"se-" + std::to_string(i)}, [this](const mint_result& got) {
          ++ended;
          if (got)
            ++minted;
          else
            last = got.error().message();
        });
    asked += each * static_cast<int>(clients.size());
  }
  void finish() {
    run_until(io, [this] { return ended == asked; });
    EXPECT_EQ(minted, asked) << last;
    EXPECT_EQ(api_.stats().rate_limited, 0U);
    EXPECT_LE(api_.stats().peak_per_window, small.requests());
  }
  void end() {
    clients.clear();
    governors.clear();
    run_dry(io);
  }

  asio::io_context io{1};
  std::vector<std::shared_ptr<shared_rate_governor>> governors;
  std::vector<std::unique_ptr<client>> clients;
  int asked = 0, ended = 0, minted = 0;
  std::string last;

 private:
  const sandbox::server& api_;
};

// --- mints

TEST(SharedQuota, IsUsedUpByAllTogetherAndNeverBroken) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  sandbox::server api{limited()};
  members all{3, api, shared_by(store.url())};
  all.mint(40);
  all.finish();
  for (const auto& each : all.governors) {
    const shared_quota_stats known = each->stats();
    EXPECT_TRUE(known.connected) << known.last_error;
    EXPECT_EQ(known.members, 3U);
    EXPECT_EQ(known.limit, 40);
    EXPECT_GT(known.commands, 0U);
    EXPECT_GT(known.round_trip, 0us);
    EXPECT_EQ(known.store, store.url());
  }
  EXPECT_EQ(api.stats().requests, 120U);
  EXPECT_EQ(store.ask_text({"DBSIZE"}), "1");
  all.end();
}

TEST(SharedQuota, IsKeptWhileTheStoreStandsStill) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  sandbox::server api{limited()};
  members all{2, api, shared_by(store.url())};
  bool away = false;
  all.governors[0]->on_change([&](const shared_quota_stats& now) {
    away = !away;  // once a change
    EXPECT_EQ(now.connected, !away);
  });
  all.mint(20);
  all.finish();
  run_until(all.io, [&] { return !away; });
  store.freeze();
  all.mint(20);
  run_until(all.io, [&] { return away; });
  store.thaw();
  all.finish();
  run_until(all.io, [&] { return !away; });
  all.end();
}

TEST(SharedQuota, TellsOthersThatTheKeyIsRefused) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  sandbox::server api{limited()};
  asio::io_context io{1};
  std::vector<credential> keys;
  std::vector<std::shared_ptr<shared_rate_governor>> governors;
  std::vector<std::unique_ptr<client>> clients;
  const auto begin_one = [&] {  // as a process does: it shares no credential with the other
    keys.emplace_back(secret{"WRONG_KEY"});
    governors.push_back(
        make_shared_rate_governor(io.get_executor(), keys.back(), api.base_url(), shared_by(store.url())));
    client_options options = test::options_for(api);
    options.api_key = keys.back();
    options.rate.reset();
    options.governor = governors.back();
    options.deadline = no_deadline;
    clients.push_back(std::make_unique<client>(io.get_executor(), std::move(options)));
  };
  begin_one();
  int ended = 0;
  for (int i = 0; i < 20; ++i)
    clients[0]->async_mint({"se-" + std::to_string(i)}, [&](const mint_result& got) {
      ++ended;
      EXPECT_FALSE(got);
    });
  run_until(io, [&] { return ended == 20; });
  begin_one();
  run_until(io, [&] {
    const auto& heard = detail::credential_access::state(keys[1]);
    return heard->guard().at(clock::now()) != core::key_guard::state::open;
  });
  EXPECT_LE(api.stats().requests, 20U) << "all of the first one";
  clients.clear();
  governors.clear();
  run_dry(io);
}

TEST(SharedQuota, TellsOfNoChangeWhileTheStoreWasNotLost) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;  // younger than a window: its state must become whole first
  sandbox::server api{limited()};
  members all{1, api, shared_by(store.url())};
  int changes = 0;
  all.governors[0]->on_change([&](const shared_quota_stats&) { ++changes; });
  all.mint(20);
  all.finish();
  run_until(all.io, [&] { return all.governors[0]->stats().connected; });
  EXPECT_EQ(changes, 0);
  store.stop();
  run_until(all.io, [&] { return changes == 1; });
  EXPECT_FALSE(all.governors[0]->stats().connected);
  store.start();
  run_until(all.io, [&] { return changes == 2; });
  EXPECT_TRUE(all.governors[0]->stats().connected);
  all.end();
}

TEST(SharedQuota, IsKeptWhenTheStoreComesBackEmpty) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  sandbox::server api{limited()};
  members all{2, api, shared_by(store.url())};
  all.mint(20);
  all.finish();
  store.stop();
  all.mint(30);
  run_until(all.io, [&] { return all.governors[0]->stats().last_error == "connection refused"; });
  store.start();
  all.finish();
  run_until(all.io,
            [&] { return all.governors[0]->stats().connected && all.governors[0]->stats().members == 2; });
  all.end();
}

TEST(SharedQuota, HasAShareWhereTheStoreWasNeverReached) {
  sandbox::server api{limited()};
  const std::string nowhere = "redis://127.0.0.1:" + std::to_string(test::closed_port());
  members all{1, api, shared_by(nowhere)};
  int changes = 0;
  std::string why;
  all.governors[0]->on_change([&](const shared_quota_stats& now) {
    ++changes;
    why = now.last_error;
  });
  all.mint(4);  // a tenth of 40
  all.finish();
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(why, "connection refused");
  EXPECT_EQ(all.governors[0]->stats().share, 4);
  EXPECT_FALSE(all.governors[0]->stats().connected);
  all.end();
}

TEST(SharedQuota, SendsNothingWithoutTheStoreIfThatIsAsked) {
  sandbox::server api{limited()};
  const std::string nowhere = "redis://127.0.0.1:" + std::to_string(test::closed_port());
  shared_quota_options o = shared_by(nowhere);
  o.lost = shared_quota_options::when_lost::stop;
  members all{1, api, o};
  bool failed = false;
  all.clients[0]->async_mint({.account = {"se-1"}, .deadline = 2s},
                             [&](const mint_result& got) { failed = !got; });
  run_until(all.io, [&] { return failed; });
  EXPECT_EQ(api.stats().requests, 0U);
  all.end();
}

TEST(SharedQuota, ComesBackToTheStoreThoughNobodyAsks) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  asio::io_context io{1};
  auto governor = governor_for(io, shared_by(store.url()));
  const auto user = governor->join({});
  std::optional<permit> got;
  run_until(io, [&] {
    const admission a = governor->try_acquire(clock::now(), {priority::interactive, "se-1", user});
    if (a.what == admission::verdict::granted) got = a.granted_permit;
    return got.has_value();
  });
  governor->give_back(clock::now(), *got);
  store.stop();
  run_until(io, [&] { return !governor->stats().connected; });
  store.start();
  run_until(io, [&] { return governor->stats().connected && store.ask_text({"DBSIZE"}) == "1"; });
  governor.reset();
  run_dry(io);
}

// --- leaving

TEST(SharedQuota, LeavesTheStoreAtOnce) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  sandbox::server api{limited()};
  members all{2, api, shared_by(store.url())};
  all.mint(5);
  all.finish();
  const std::string key = store.ask({"KEYS", "*"}).elements.at(0).text;
  const auto member_count = [&] {
    int count = 0;
    for (const auto& field : store.ask({"HKEYS", key}).elements)
      count += field.text.starts_with("m:") ? 1 : 0;
    return count;
  };
  EXPECT_EQ(member_count(), 2);
  all.clients.clear();
  for (const auto& each : all.governors) each->leave_store();
  all.governors.clear();  // pending reports are sent nevertheless
  run_dry(all.io);
  EXPECT_EQ(member_count(), 0);
}

TEST(SharedQuota, LeavingAStoreThatIsAwayEnds) {
  asio::io_context io{1};
  auto governor = governor_for(io, shared_by("redis://127.0.0.1:" + std::to_string(test::closed_port())));
  run_until(io, [&] { return !governor->stats().last_error.empty(); });
  governor->leave_store();
  governor->leave_store();
  run_dry(io);
}

// --- lifetime

TEST(SharedQuota, LeavesNothingOnTheContextWhenItsOwnersAreGone) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  for (int steps = 0; steps < 30; ++steps) {
    asio::io_context io{1};
    auto governor = governor_for(io, shared_by(store.url()));
    for (int i = 0; i < steps; ++i) io.run_one_for(1ms);
    governor.reset();
    run_dry(io);
  }
}

TEST(SharedQuota, MayOutliveItsContext) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  for (int steps = 0; steps < 20; ++steps) {
    std::shared_ptr<shared_rate_governor> governor;
    {
      asio::io_context io{1};
      governor = governor_for(io, shared_by(store.url()));
      governor->on_change([](const shared_quota_stats&) {});
      for (int i = 0; i < steps; ++i) io.run_one_for(1ms);
      if (steps % 2 == 0) governor->leave_store();
    }
    const auto user = governor->join({});
    governor->try_acquire(clock::now(), {priority::interactive, "se-1", user});
    governor->leave_store();
    EXPECT_EQ(governor->stats().store, store.url());
  }
}

TEST(SharedQuota, ItsChildOfAForkLeavesTheParentsConnectionAlone) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  asio::io_context io{1};
  auto governor = governor_for(io, shared_by(store.url()));
  const auto user = governor->join({});
  std::optional<permit> got;
  const auto acquire = [&] {
    const admission a = governor->try_acquire(clock::now(), {priority::interactive, "se-1", user});
    if (a.what == admission::verdict::granted) got = a.granted_permit;
    return got.has_value();
  };
  run_until(io, acquire);
  test::child twin{[&](const auto& report) {
    io.notify_fork(asio::io_context::fork_child);
    const auto again = governor->try_acquire(clock::now(), {priority::interactive, "se-1", user});
    io.poll();
    report(again.what == admission::verdict::granted ? "granted" : "later");
    governor.reset();
    io.restart();
    io.poll();
  }};
  const std::string told = twin.told();
  EXPECT_TRUE(told == "granted\n" || told == "later\n") << told;
  governor->on_reply(clock::now(), *got,
                     {.use = permit_use::admitted, .account = "se-1", .sent_at = clock::now()});
  const auto before = governor->stats().commands;
  got.reset();
  run_until(io, acquire);
  run_until(io, [&] { return governor->stats().commands > before; });
  EXPECT_EQ(governor->stats().lost, 0U) << governor->stats().last_error;
  governor->give_back(clock::now(), *got);
  governor.reset();
  run_dry(io);
}

// --- secrets

/// What a server sees of all commands.
class monitor {
 public:
  monitor(const redis_server& server, const std::string& password) : socket_{io_} {
    asio::connect(socket_,
                  std::vector{asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), server.port()}});
    asio::write(socket_, asio::buffer("AUTH " + password + "\r\nMONITOR\r\n"));
    std::string answers(10, '\0');
    asio::read(socket_, asio::buffer(answers));
    EXPECT_EQ(answers, "+OK\r\n+OK\r\n");
  }
  std::string seen() {
    std::string all(socket_.available(), '\0');
    asio::read(socket_, asio::buffer(all));
    return all;
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
};

TEST(SharedQuota, TellsTheStoreNeitherKeyNorAccount) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store{{.arguments = {"--requirepass", "sesame_sesame"}}};
  monitor watch{store, "sesame_sesame"};
  asio::io_context io{1};
  shared_quota_options o = shared_by("redis://:sesame_sesame@127.0.0.1:" + std::to_string(store.port()));
  o.scope = quota_scope::per_account;
  auto governor = governor_for(io, std::move(o));
  const auto user = governor->join({});
  std::optional<permit> got;
  run_until(io, [&] {
    const admission a = governor->try_acquire(clock::now(), {priority::interactive, "se-12345", user});
    if (a.what == admission::verdict::granted) got = a.granted_permit;
    return got.has_value();
  });
  std::string seen;
  run_until(io, [&] { return (seen += watch.seen()).find("\"EVALSHA\"") != std::string::npos; });
  EXPECT_EQ(seen.find(api_key), std::string::npos);
  EXPECT_EQ(seen.find("se-12345"), std::string::npos);
  EXPECT_EQ(seen.find("sesame_sesame"), std::string::npos);
  EXPECT_EQ(governor->stats().store, store.url());
  governor->give_back(clock::now(), *got);
  governor.reset();
  run_dry(io);
}

TEST(SharedQuota, ItsErrorsSayNoPassword) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store{{.arguments = {"--requirepass", "open"}}};
  asio::io_context io{1};
  auto governor =
      governor_for(io, shared_by("redis://app:sesame_sesame@127.0.0.1:" + std::to_string(store.port())));
  run_until(io, [&] { return !governor->stats().last_error.empty(); });
  EXPECT_EQ(governor->stats().last_error, "AUTH was refused (WRONGPASS)");
  EXPECT_EQ(governor->stats().store, store.url());
  governor.reset();
  run_dry(io);
}

// --- threads

TEST(SharedQuotaThreads, MayBeUsedFromAllAtOnce) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  redis_server store;
  asio::io_context io;
  shared_quota_options o = shared_by(store.url());
  o.rate = quota::declared(100'000, 1s);
  auto governor = governor_for(io, std::move(o));
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&io] { io.run(); });
  std::atomic<int> granted{0};
  std::vector<std::thread> users;
  for (int i = 0; i < 3; ++i)
    users.emplace_back([&, i] {
      const auto user = governor->join({});
      const auto limit = std::chrono::steady_clock::now() + 20s;
      int mine = 0;
      while (mine < 300 && std::chrono::steady_clock::now() < limit) {
        const auto now = clock::now();
        const admission a = governor->try_acquire(now, {priority::interactive, "se-1", user});
        if (a.what != admission::verdict::granted) {
          std::this_thread::sleep_for(1ms);
          continue;
        }
        ++mine;
        if (mine % 3 == 0)
          governor->give_back(clock::now(), a.granted_permit);
        else
          governor->on_reply(clock::now(), a.granted_permit,
                             {.use = permit_use::admitted, .account = "se-1", .sent_at = now});
        if (mine % 50 == 0) governor->on_change([i](const shared_quota_stats& s) { (void)(s.members + i); });
        if (mine % 70 == 0) (void)governor->stats();
      }
      granted += mine;
      governor->leave(user);
    });
  for (auto& each : users) each.join();
  EXPECT_EQ(granted, 900);
  governor->leave_store();
  governor.reset();
  for (auto& each : threads) each.join();
}

}  // namespace
}  // namespace ephemint

#include "codec/ascii.hpp"
#include "support/redis_server.hpp"
#include "support/store_run.hpp"
#include "support/temporary_file.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ephemint::redis {
namespace {

using test::redis_reply;
using test::redis_server;
using test::store_news;
using test::store_run;
using kind = store_news::kind;
using namespace std::chrono_literals;

/// Each test of a real server, with each kind of server that is installed.
class StoreServer : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam().empty()) GTEST_SKIP() << "neither redis-server nor valkey-server is installed";
  }
  redis_server::settings with(std::vector<std::string> arguments) const {
    return {.arguments = std::move(arguments), .program = GetParam()};
  }
};

std::vector<std::string> programs() {
  auto all = redis_server::installed();
  if (all.empty()) all.emplace_back();  // one test that says why it is skipped
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, StoreServer, testing::ValuesIn(programs()), [](const auto& info) {
  return info.param.find("valkey") != std::string::npos ? "Valkey" : "Redis";
});

/// The permissions that the script and the sign-in need, as the guide has them.
const std::vector<std::string> permissions{
    "on",      ">pw",  "resetchannels", "~ephemint:*", "-@all",  "+evalsha", "+eval",    "+ping",
    "+select", "+del", "+hdel",         "+hgetall",    "+hmget", "+hset",    "+pexpire", "+time"};

/// The commands that a script calls, each once.
std::set<std::string> commands_of(std::string_view script) {
  std::set<std::string> all;
  constexpr std::string_view call = "redis.call('";
  for (auto at = script.find(call); at != script.npos; at = script.find(call, at + 1)) {
    const auto begin = at + call.size();
    all.insert('+' + detail::ascii::lower(script.substr(begin, script.find('\'', begin) - begin)));
  }
  return all;
}

TEST(StorePermissions, AreThoseOfTheScriptsCommands) {
  std::set<std::string> documented;
  for (const std::string& each : permissions)
    if (each[0] == '+') documented.insert(each);
  std::set<std::string> needed = commands_of(quota_script());
  needed.insert({"+evalsha", "+eval", "+ping", "+select"});
  EXPECT_EQ(documented, needed);
}

void add_user(redis_server& server, const std::string& name, const std::vector<std::string>& rules) {
  std::vector<std::string> words{"ACL", "SETUSER", name, "reset"};
  words.insert(words.end(), rules.begin(), rules.end());
  ASSERT_EQ(server.ask_text(words), "OK");
}

std::string url_of(const redis_server& server, const std::string& credentials, const std::string& path = {}) {
  return "redis://" + credentials + "@127.0.0.1:" + std::to_string(server.port()) + path;
}

TEST_P(StoreServer, EvaluatesTheScriptAndKeepsIt) {
  redis_server server{with({})};
  store_run run{server.url()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.ask(), i == 0 ? "ok" : "stale");
  const std::string stats = server.ask_text({"INFO", "commandstats"});
  EXPECT_NE(stats.find("cmdstat_eval:calls=1,"), std::string::npos) << stats;
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=3,"), std::string::npos) << stats;
  EXPECT_EQ(server.ask_text({"DBSIZE"}), "1");
}

TEST_P(StoreServer, GivesTheScriptAgainAfterAScriptFlush) {
  redis_server server{with({})};
  store_run run{server.url()};
  EXPECT_EQ(run.ask(), "ok");
  server.ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(run.ask(), "stale");
}

TEST_P(StoreServer, WantsAPassword) {
  redis_server server{with({"--requirepass", "open sesame"})};
  {
    store_run run{server.url()};
    EXPECT_EQ(run.ask(), "it wants a password (NOAUTH)");
  }
  {
    store_run run{server.url(), "wrong"};
    EXPECT_EQ(run.ask(), "AUTH was refused (WRONGPASS)");
  }
  {
    store_run run{server.url(), "open sesame"};
    EXPECT_EQ(run.ask(), "ok");
  }
  store_run run{url_of(server, ":open%20sesame")};
  EXPECT_EQ(run.ask(), "stale");
}

TEST_P(StoreServer, NeedsNoMorePermissionsThanAreDocumented) {
  redis_server server{with({})};
  add_user(server, "app", permissions);
  {
    store_run run{url_of(server, "app:pw", "/2")};
    EXPECT_EQ(run.ask(), "ok");
    EXPECT_FALSE(run.older_than(0s)) << "its age needs +info";
  }
  auto with_info = permissions;
  with_info.emplace_back("+info");
  add_user(server, "app", with_info);
  store_run run{url_of(server, "app:pw", "/2")};
  EXPECT_EQ(run.ask(), "stale");
  EXPECT_FALSE(run.older_than(1h));
  EXPECT_EQ(server.ask_text({"SELECT", "2"}), "OK");
  EXPECT_EQ(server.ask_text({"DBSIZE"}), "1");
}

TEST_P(StoreServer, SaysWhichPermissionIsMissing) {
  redis_server server{with({})};
  int refused = 0;
  for (const std::string& each : permissions) {
    if (each[0] != '+' || each == "+ping" || each == "+select") continue;
    auto fewer = permissions;
    std::erase(fewer, each);
    add_user(server, "app", fewer);
    server.ask({"FLUSHALL"});
    server.ask({"SCRIPT", "FLUSH"});
    store_run run{url_of(server, "app:pw")};
    const std::string why = run.ask();
    if (why == "ok") continue;  // a first call doesn't need it
    if (each == "+evalsha")
      EXPECT_EQ(why, "NOPERM on EVALSHA");
    else if (each == "+eval")
      EXPECT_EQ(why, "NOPERM on EVAL");
    else
      EXPECT_EQ(why, "NOPERM on a command of the script") << each;
    ++refused;
  }
  EXPECT_GE(refused, 4);
  add_user(server, "app", permissions);
  store_run run{url_of(server, "app:pw")};
  run.evaluate(10s, "other:{t}:q");
  EXPECT_TRUE(run.next().message.starts_with("NOPERM on EVAL"));
  run.evaluate(10s, "ephemint:{t}:q");
  EXPECT_EQ(run.next().what, kind::value);
}

TEST_P(StoreServer, AReplicaIsNoStore) {
  redis_server master{with({})};
  redis_server replica{with({"--replicaof", "127.0.0.1 " + std::to_string(master.port())})};
  store_run run{replica.url()};
  // Until it has its data, its answers say so.
  std::string why;
  for (int tries = 0; tries < 500 && (why = run.ask()) != "it is a read-only replica (READONLY)"; ++tries)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(why, "it is a read-only replica (READONLY)");
}

TEST_P(StoreServer, AReplicaWithoutItsMasterIsNoStore) {
  redis_server replica{with({"--replicaof", "127.0.0.1 " + std::to_string(test::closed_port()),
                             "--replica-serve-stale-data", "no"})};
  store_run run{replica.url()};
  EXPECT_EQ(run.ask(), "it is a replica without its master (MASTERDOWN)");
}

TEST_P(StoreServer, HasNoMemoryLeft) {
  redis_server server{with({})};
  store_run run{server.url()};
  EXPECT_EQ(run.ask(), "ok");
  server.ask({"FLUSHALL"});
  ASSERT_EQ(server.ask_text({"CONFIG", "SET", "maxmemory", "1"}), "OK");
  EXPECT_EQ(run.ask(), "OOM: maxmemory reached");
  ASSERT_EQ(server.ask_text({"CONFIG", "SET", "maxmemory", "0"}), "OK");
  EXPECT_EQ(run.ask(), "ok");
}

TEST_P(StoreServer, StandsStillForAWhile) {
  redis_server server{with({})};
  store_run run{server.url()};
  EXPECT_EQ(run.ask(), "ok");
  server.freeze();
  EXPECT_EQ(run.ask(300ms), "no answer within 300 ms");
  server.thaw();
  EXPECT_EQ(run.ask(), "stale");
}

TEST_P(StoreServer, IsStartedAgainOnItsPort) {
  redis_server server{with({})};
  store_run run{server.url()};
  EXPECT_EQ(run.ask(), "ok");
  server.stop();
  EXPECT_EQ(run.next().what, kind::lost);
  EXPECT_EQ(run.ask(), "connection refused");
  server.start();
  EXPECT_EQ(run.ask(), "ok") << "and is empty";
}

TEST_P(StoreServer, IsOnlyAsOldAsItSays) {
  redis_server server{with({})};
  store_run run{server.url()};
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_FALSE(run.older_than(30s));
}

// --- TLS

std::string pem_of(const test::identity& who) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory{BIO_new(BIO_s_mem()), &BIO_free_all};
  PEM_write_bio_PrivateKey(memory.get(), who.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

class StoreServerTls : public StoreServer {
 protected:
  static const test::identity& root() {
    static const test::identity made = test::make_root();
    return made;
  }
  /// A server with this certificate.
  std::unique_ptr<redis_server> serve(const test::identity& shown) {
    certificate_ = std::make_unique<test::temporary_file>(shown.pem());
    key_ = std::make_unique<test::temporary_file>(pem_of(shown));
    redis_server::settings chosen =
        with({"--tls-cert-file", certificate_->path(), "--tls-key-file", key_->path(), "--tls-ca-cert-file",
              certificate_->path(), "--tls-auth-clients", "no"});
    chosen.tls = true;
    try {
      return std::make_unique<redis_server>(chosen);
    } catch (const std::runtime_error&) {
      return nullptr;  // built without TLS
    }
  }
  static store_trust trusting(const test::identity& who) {
    return {.system_authorities = false, .authority_pem = who.pem()};
  }

 private:
  std::unique_ptr<test::temporary_file> certificate_, key_;
};

INSTANTIATE_TEST_SUITE_P(Each, StoreServerTls, testing::ValuesIn(programs()), [](const auto& info) {
  return info.param.find("valkey") != std::string::npos ? "Valkey" : "Redis";
});

TEST_P(StoreServerTls, IsVerified) {
  const auto server = serve(test::issue(root(), {}));
  if (!server) GTEST_SKIP() << "this server is built without TLS";
  store_run run{server->url(), {}, trusting(root())};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.ask(), i == 0 ? "ok" : "stale");
  store_run by_name{"rediss://localhost:" + std::to_string(server->port()), {}, trusting(root())};
  EXPECT_EQ(by_name.ask(), "stale");
}

TEST_P(StoreServerTls, OfAnotherNameIsRefused) {
  const auto server =
      serve(test::issue(root(), {.common_name = "other", .alternative_names = {"DNS:other.example"}}));
  if (!server) GTEST_SKIP() << "this server is built without TLS";
  store_run run{server->url(), "secret", trusting(root())};
  EXPECT_EQ(
      run.ask(),
      "the certificate of 127.0.0.1 was refused: it is not for this IP address; use the host's name, or a "
      "certificate with an IP subjectAltName");
}

TEST_P(StoreServerTls, OfAnotherAuthorityIsRefused) {
  const auto server = serve(test::issue(root(), {}));
  if (!server) GTEST_SKIP() << "this server is built without TLS";
  store_run run{server->url(), "secret", trusting(test::make_root("Another root"))};
  EXPECT_TRUE(run.ask().starts_with("the certificate of 127.0.0.1 was refused: its issuer is not known"));
}

TEST_P(StoreServerTls, APlainServerIsRefused) {
  redis_server server{with({})};
  store_run run{"rediss://127.0.0.1:" + std::to_string(server.port()), "secret", trusting(root())};
  const std::string why = run.ask();
  EXPECT_NE(why, "ok");
  EXPECT_EQ(why.find("base_url"), std::string::npos) << why;
  EXPECT_EQ(server.ask_text({"INFO", "commandstats"}).find("cmdstat_auth"), std::string::npos);
}

// --- Sentinel

TEST_P(StoreServer, FollowsASentinelsFailover) {
  redis_server master{with({})};
  redis_server replica{with({"--replicaof", "127.0.0.1 " + std::to_string(master.port())})};
  redis_server::settings watching = with({});
  watching.sentinel = true;
  watching.configuration = "sentinel monitor mymaster 127.0.0.1 " + std::to_string(master.port()) +
                           " 1\nsentinel down-after-milliseconds mymaster 300\n"
                           "sentinel failover-timeout mymaster 5000\n";
  redis_server sentinel{watching};
  // Only a replica that the Sentinel knows, and that has its data, can take over.
  const auto within_reason = [](const auto& holds) {
    for (int tries = 0; tries < 1000; ++tries) {
      if (holds()) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  };
  ASSERT_TRUE(within_reason([&] {
    return replica.ask_text({"INFO", "replication"}).find("master_link_status:up") != std::string::npos &&
           sentinel.ask({"SENTINEL", "replicas", "mymaster"}).elements.size() == 1;
  }));
  store_run run{"redis-sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/mymaster"};
  EXPECT_EQ(run.ask(), "ok");
  master.stop();
  std::string last;
  EXPECT_TRUE(within_reason([&] {
    last = run.ask(2s);
    return last == "ok" || last == "stale";
  })) << last;
  EXPECT_EQ(replica.ask({"ROLE"}).elements.at(0).text, "master");
}

}  // namespace
}  // namespace ephemint::redis

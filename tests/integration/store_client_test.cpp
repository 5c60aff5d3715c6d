#include "support/store_run.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ephemint::redis {
namespace {

using test::scripted_store;
using test::store_news;
using test::store_run;
using answer = scripted_store::answer;
using words = scripted_store::words;
using kind = store_news::kind;
using namespace std::chrono_literals;

constexpr auto decent = &scripted_store::decent;

// --- the plain course

TEST(StoreClient, ConnectsWhenItIsAskedAndStaysConnected) {
  scripted_store store{{decent}};
  store_run run{store.url()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(store.connections(), 1);
}

TEST(StoreClient, SaysThatItIsReadyOnceConnectedWithoutACommand) {
  scripted_store store{{decent}};
  store_run run{store.url()};
  run.connect();
  run.connect();  // it is about to be
  EXPECT_EQ(run.next(true).what, kind::ready);
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(store.connections(), 1);
}

TEST(StoreClient, SignsInBeforeAnythingElseAndSaysNoMoreThanItMust) {
  std::mutex mutex;
  std::vector<words> heard;
  const auto listening = [&](const words& said) {
    const std::scoped_lock lock{mutex};
    heard.push_back(said);
    return decent(said);
  };
  scripted_store store{{listening}};
  const auto heads = [&] {
    const std::scoped_lock lock{mutex};
    std::string all;
    for (const words& each : std::exchange(heard, {})) all += each[0] + ' ';
    return all;
  };
  {
    store_run run{store.url()};
    EXPECT_EQ(run.ask(), "ok");
  }
  EXPECT_EQ(heads(), "INFO EVALSHA ");
  {
    store_run run{"redis://app:p%20w@" + store.address() + "/3"};
    EXPECT_EQ(run.ask(), "ok");
    const std::scoped_lock lock{mutex};
    EXPECT_EQ(heard[0], (words{"AUTH", "app", "p w"}));
    EXPECT_EQ(heard[1], (words{"SELECT", "3"}));
    EXPECT_EQ(heard[2], (words{"INFO", "server"}));
    EXPECT_EQ(heard[3][2], "1");
    EXPECT_EQ(heard[3][3], "ephemint:{t}:q");
  }
  heads();
  {
    store_run run{store.url(), "pw"};
    EXPECT_EQ(run.ask(), "ok");
    const std::scoped_lock lock{mutex};
    EXPECT_EQ(heard[0], (words{"AUTH", "pw"}));
  }
}

TEST(StoreClient, AnswersComeInTheOrderOfTheCommands) {
  std::atomic<int> asked{0};
  const auto all_at_once = [&](const words& said) -> answer {
    if (said[0] != "EVALSHA") return decent(said);
    if (++asked < 5) return {};
    std::string all;
    for (int i = 1; i <= 5; ++i) all += "*2\r\n$2\r\nok\r\n:" + std::to_string(i) + "\r\n";
    return {all};
  };
  scripted_store store{{all_at_once}};
  store_run run{store.url()};
  for (int i = 0; i < 5; ++i) run.evaluate();
  for (int i = 1; i <= 5; ++i) {
    const store_news news = run.next();
    EXPECT_EQ(news.command, static_cast<std::uint64_t>(i));
    EXPECT_EQ(news.values.at(1), store_value{std::int64_t{i}});
  }
}

TEST(StoreClient, TheNextCommandMayBeGivenFromInsideAnAnswer) {
  scripted_store store{{decent}};
  store_run run{store.url()};
  int left = 100;
  run.when_told = [&] {
    if (run.told.back().what != kind::value || --left == 0) return;
    EXPECT_TRUE(run.store->evaluate(++run.last, "ephemint:{t}:q", store_run::call(), store_run::patience));
  };
  run.evaluate();
  for (std::uint64_t i = 1; i <= 100; ++i) EXPECT_EQ(run.next().command, i);
}

TEST(StoreClient, ClosingFromInsideWhateverIsToldIsSafe) {
  for (const auto& script :
       {scripted_store::script{decent}, scripted_store::evaluating("-OOM\r\n"),
        scripted_store::evaluating("+OK\r\n"), scripted_store::evaluating("-MOVED 1 127.0.0.1:1\r\n"),
        scripted_store::evaluating("", answer::then::close)})
    for (const kind at : {kind::ready, kind::value, kind::failure}) {
      scripted_store store{{script}};
      store_run run{store.url()};
      bool closed = false;
      run.when_told = [&] {
        EXPECT_FALSE(closed);
        if (run.told.back().what != at) return;
        closed = true;
        run.store->close();
      };
      run.evaluate();
      run.next(true);
      if (!closed) run.next(true);
      run.when_told = {};
    }
}

TEST(StoreClient, TellsNothingOnceClosedAndLeavesNothingPending) {
  scripted_store silent{{scripted_store::evaluating("")}};
  for (int steps = 0; steps < 12; ++steps) {
    store_run run{silent.url()};
    run.evaluate();
    for (int i = 0; i < steps; ++i) run.io.poll_one();
    run.inside([&] {
      run.store->close();
      EXPECT_FALSE(run.store->evaluate(7, "k", store_run::call(), 1s));
    });
    run.run_dry();
  }
}

TEST(StoreClient, KnowsTheServersAge) {
  scripted_store store{{decent}};
  store_run run{store.url()};
  EXPECT_FALSE(run.older_than(0s));
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_TRUE(run.older_than(899s));
  EXPECT_FALSE(run.older_than(3h));
}

std::string text_reply(std::string_view text) {
  return '$' + std::to_string(text.size()) + "\r\n" + std::string{text} + "\r\n";
}

TEST(StoreClient, SaysWhetherTheServerIsCalmWhenTheCommandLeaves) {
  for (const bool calm : {false, true}) {
    std::mutex mutex;
    words asked;
    const auto script = [&](const words& said) {
      if (said[0] == "INFO")
        return answer{text_reply(calm ? "uptime_in_seconds:61\r\n" : "uptime_in_seconds:59\r\n")};
      const std::scoped_lock lock{mutex};
      asked = said;
      return decent(said);
    };
    scripted_store store{{script}};
    store_run run{store.url()};
    EXPECT_EQ(run.ask(), "ok");
    store_call expected = store_run::call();
    expected.calm = calm;
    const std::scoped_lock lock{mutex};
    EXPECT_EQ(words(asked.begin() + 4, asked.end()), arguments_of(expected));
  }
}

TEST(StoreClient, AnAgeThatIsNotSaidIsNoFault) {
  for (const std::string& info :
       {std::string{"-NOPERM no\r\n"}, std::string{"$-1\r\n"}, std::string{":7\r\n"}, std::string{"*0\r\n"},
        text_reply("hello"), text_reply("uptime_in_seconds:"), text_reply("uptime_in_seconds:x\r\n"),
        text_reply("uptime_in_seconds:-5\r\n"), text_reply("uptime_in_seconds:99999999999999999999\r\n")}) {
    const auto script = [info](const words& said) { return said[0] == "INFO" ? answer{info} : decent(said); };
    scripted_store store{{script}};
    store_run run{store.url()};
    EXPECT_EQ(run.ask(), "ok") << info;
    EXPECT_FALSE(run.older_than(0s));
  }
}

// --- what a server may say

struct refusal {
  std::string_view reply;
  std::string_view message;
};

TEST(StoreClient, WhatSpeaksAgainstACommandLeavesTheConnection) {
  for (const refusal& each : {refusal{"-OOM command not allowed\r\n", "OOM: maxmemory reached"},
                              refusal{"-NOPERM nope\r\n", "NOPERM on EVALSHA"},
                              refusal{"-BUSY Redis is busy\r\n", "it is busy with a script (BUSY)"},
                              refusal{"-TRYAGAIN later\r\n", "the cluster is moving the key (TRYAGAIN)"},
                              refusal{"-ERR odd\r\n", "ERR on EVALSHA: \"ERR odd\""}}) {
    std::atomic<int> asked{0};
    const auto script = [&](const words& said) {
      return said[0] == "EVALSHA" && ++asked == 1 ? answer{std::string{each.reply}} : decent(said);
    };
    scripted_store store{{script}};
    store_run run{store.url()};
    EXPECT_EQ(run.ask(), each.message);
    EXPECT_EQ(run.ask(), "ok");
    EXPECT_EQ(store.connections(), 1);
  }
}

TEST(StoreClient, WhatSpeaksAgainstTheServerEndsTheConnection) {
  const std::string long_line = "+" + std::string(70'000, 'x');
  for (const refusal& each :
       {refusal{"-LOADING wait\r\n", "it is still loading its data (LOADING)"},
        refusal{"-READONLY no\r\n", "it is a read-only replica (READONLY)"},
        refusal{"-MASTERDOWN no\r\n", "it is a replica without its master (MASTERDOWN)"},
        refusal{"-CLUSTERDOWN no\r\n", "the cluster is down (CLUSTERDOWN)"},
        refusal{"-NOAUTH Authentication required.\r\n", "it wants a password (NOAUTH)"},
        refusal{"-MOVED 1 nonsense\r\n", "it named a node whose address is none"},
        refusal{"-MOVED\r\n", "it named a node whose address is none"},
        refusal{"-ASK 1 a b:c\r\n", "it named a node whose address is none"},
        refusal{"+OK\r\n", "it answered what the script never does"},
        refusal{":1\r\n", "it answered what the script never does"},
        refusal{"$-1\r\n", "it answered what the script never does"},
        refusal{"$2\r\nok\r\n", "it answered what the script never does"},
        refusal{"*1\r\n*0\r\n", "it answered what the script never does"},
        refusal{"*1\r\n-ERR no\r\n", "it answered what the script never does"},
        refusal{"*2\r\n$2\r\nok\r\n$-1\r\n", "it answered what the script never does"},
        refusal{"*2147483647\r\n", "it announced an array of too many elements"},
        refusal{"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "its arrays are nested too deeply"},
        refusal{"$536870912\r\n", "it sent a reply of more than 64 KiB"},
        refusal{long_line, "it sent a reply of more than 64 KiB"},
        refusal{"HTTP/1.1 400 Bad Request\r\n\r\n", "it broke the protocol"},
        refusal{std::string_view{"\0\0", 2}, "it broke the protocol"}}) {
    scripted_store store{{scripted_store::evaluating(std::string{each.reply}), decent}};
    store_run run{store.url()};
    EXPECT_EQ(run.ask(), each.message) << each.reply.substr(0, 40);
    EXPECT_EQ(run.ask(), "ok");
    EXPECT_EQ(store.connections(), 2);
  }
}

TEST(StoreClient, ASecondAnswerToOneCommandEndsTheConnection) {
  scripted_store store{{scripted_store::evaluating(std::string{scripted_store::ok} + "+more\r\n"), decent}};
  store_run run{store.url()};
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(run.next().message, "it spoke without being asked");
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(store.connections(), 2);
}

TEST(StoreClient, HalfAReplyIsNone) {
  for (std::size_t size = 0; size < scripted_store::ok.size(); ++size) {
    scripted_store store{
        {scripted_store::evaluating(std::string{scripted_store::ok.substr(0, size)}, answer::then::close),
         decent}};
    store_run run{store.url()};
    EXPECT_EQ(run.ask(), "it closed the connection");
    EXPECT_EQ(run.ask(), "ok");
  }
}

TEST(StoreClient, AConnectionThatIsResetFailsEveryCommandThatIsOut) {
  scripted_store store{{scripted_store::evaluating("", answer::then::reset), decent}};
  store_run run{store.url()};
  run.evaluate();
  run.evaluate();
  for (std::uint64_t i = 1; i <= 2; ++i) {
    const store_news news = run.next();
    EXPECT_EQ(news.what, kind::failure);
    EXPECT_EQ(news.command, i);
    EXPECT_TRUE(news.message.starts_with("the connection broke") ||
                news.message == "it closed the connection")
        << news.message;
  }
  EXPECT_EQ(run.ask(), "ok");
}

TEST(StoreClient, AnEndWithoutACommandIsToldToo) {
  std::atomic<bool> ends{true};
  const auto script = [&](const words& said) {
    answer made = decent(said);
    if (said[0] == "EVALSHA" && ends.exchange(false)) made.after = answer::then::close;
    return made;
  };
  scripted_store store{{script}};
  store_run run{store.url()};
  EXPECT_EQ(run.ask(), "ok");
  const store_news news = run.next();
  EXPECT_EQ(news.what, kind::lost);
  EXPECT_EQ(news.message, "it closed the connection");
  EXPECT_EQ(run.ask(), "ok");
}

TEST(StoreClient, ASilentServerIsLostInTime) {
  scripted_store store{{scripted_store::evaluating(""), decent}};
  store_run run{store.url()};
  EXPECT_EQ(run.ask(300ms), "no answer within 300 ms");
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(store.connections(), 2);
}

TEST(StoreClient, AReplyThatDripsIsLostInTime) {
  const auto dripping = [](test::peer& client) {
    while (!client.read_raw(4096).empty()) {
      client.write_raw("$5\r\nhello\r\n");
      client.read_raw(4096);
      for (int i = 0; i < 10'000 && client.native() >= 0; ++i) {
        client.write_raw(i == 0 ? "+" : "x");
        std::this_thread::sleep_for(5ms);
        if (char byte = 0; ::recv(client.native(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0) return;
      }
    }
  };
  test::scripted_server store{{.shown = test::make_root()}, {dripping}};
  store_run run{"redis://127.0.0.1:" + std::to_string(store.port())};
  EXPECT_EQ(run.ask(300ms), "no answer within 300 ms");
}

TEST(StoreClient, ASignInThatIsNotAnsweredIsNoReasonToWaitForEver) {
  scripted_store store{{[](const words&) { return answer{}; }, decent}};
  store_run run{store.url()};
  EXPECT_EQ(run.ask(100ms), "no connection within 100 ms");
  EXPECT_EQ(run.next().message, "it didn't answer while we signed in");
  EXPECT_EQ(run.ask(), "ok");
}

// --- where there is nothing

TEST(StoreClient, NobodyListens) {
  store_run run{"redis://127.0.0.1:" + std::to_string(test::closed_port())};
  EXPECT_EQ(run.ask(), "connection refused");
  run.connect();
  const store_news news = run.next();
  EXPECT_EQ(news.what, kind::lost);
  EXPECT_EQ(news.message, "connection refused");
}

TEST(StoreClient, NobodyAnswersTheConnection) {
  const test::silent_listener nobody{"127.0.0.1"};
  store_run run{"redis://127.0.0.1:" + std::to_string(nobody.port())};
  EXPECT_EQ(run.ask(100ms), "no connection within 100 ms");
  EXPECT_EQ(run.next().message, "not established within 2000 ms");
}

// --- a Cluster

TEST(StoreClient, FollowsAMovedKeyAndRemembersIt) {
  scripted_store second{{decent}};
  scripted_store first{{scripted_store::evaluating("-MOVED 3999 " + second.address() + "\r\n")}};
  store_run run{first.url()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(first.connections(), 1);
  EXPECT_EQ(second.connections(), 1);
}

TEST(StoreClient, AllThatIsOutFollowsAMovedKey) {
  scripted_store second{{decent}};
  scripted_store first{{scripted_store::evaluating("-MOVED 3999 " + second.address() + "\r\n")}};
  store_run run{first.url()};
  for (int i = 0; i < 4; ++i) run.evaluate();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run.next().what, kind::value);
  EXPECT_EQ(second.connections(), 1);
}

TEST(StoreClient, LooksAnewWhereItBeganOnceAMovedKeysNodeIsLost) {
  scripted_store second{{scripted_store::evaluating("-CLUSTERDOWN no\r\n")}};
  std::atomic<bool> moved{true};
  scripted_store first{{[&](const words& said) {
    if (said[0] != "EVALSHA" || !moved.exchange(false)) return decent(said);
    return answer{"-MOVED 3999 " + second.address() + "\r\n"};
  }}};
  store_run run{first.url()};
  EXPECT_EQ(run.ask(), "the cluster is down (CLUSTERDOWN)");
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(first.connections(), 2);
}

TEST(StoreClient, AsksAnotherNodeThisOnce) {
  std::mutex mutex;
  std::string heard;
  scripted_store second{{[&](const words& said) {
    const std::scoped_lock lock{mutex};
    heard += said[0] + ' ';
    return decent(said);
  }}};
  std::atomic<int> asked{0};
  scripted_store first{{[&](const words& said) {
    if (said[0] != "EVALSHA" || ++asked != 2) return decent(said);
    return answer{"-ASK 3999 " + second.address() + "\r\n"};
  }}};
  store_run run{first.url()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(first.connections(), 1);
  EXPECT_EQ(second.connections(), 1);
  const std::scoped_lock lock{mutex};
  EXPECT_EQ(heard, "INFO ASKING EVALSHA ");
}

TEST(StoreClient, IsNotSentInCircles) {
  scripted_store* other = nullptr;
  std::atomic<int> asked{0};
  const auto away = [&](const words& said) {
    if (said[0] != "EVALSHA") return decent(said);
    ++asked;
    return answer{"-MOVED 1 " + other->address() + "\r\n"};
  };
  scripted_store itself{{away}};
  other = &itself;
  store_run run{itself.url()};
  EXPECT_EQ(run.ask(), "it isn't the key's node (MOVED)");
  EXPECT_EQ(asked, 6);
}

TEST(StoreClient, AMovedKeysNodeThatIsNotThereIsALostStore) {
  scripted_store first{
      {scripted_store::evaluating("-MOVED 1 127.0.0.1:" + std::to_string(test::closed_port()) + "\r\n"),
       decent}};
  store_run run{first.url()};
  EXPECT_EQ(run.ask(), "connection refused");
  EXPECT_EQ(run.ask(), "ok");
}

TEST(StoreClient, SendsTheScriptWhereItIsNotKept) {
  std::atomic<int> digests{0}, scripts{0};
  const auto forgetful = [&](const words& said) {
    if (said[0] == "EVALSHA" && ++digests == 1) return answer{"-NOSCRIPT No matching script.\r\n"};
    if (said[0] == "EVAL") {
      ++scripts;
      EXPECT_EQ(said[1], quota_script());
    }
    return decent(said);
  };
  scripted_store store{{forgetful}};
  store_run run{store.url()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(scripts, 1);
  EXPECT_EQ(digests, 3);
}

TEST(StoreClient, AServerThatNeverKeepsAScriptIsToldSo) {
  scripted_store store{{scripted_store::evaluating("-NOSCRIPT No matching script.\r\n")}};
  store_run run{store.url()};
  EXPECT_EQ(run.ask(), "it doesn't keep the script (NOSCRIPT)");
}

// --- Sentinels

scripted_store::script sentinel_saying(std::string bytes) {
  return [bytes = std::move(bytes)](const words& said) {
    return said[0] == "SENTINEL" ? answer{bytes} : answer{"-ERR unknown command\r\n"};
  };
}

std::string pair_of(const std::string& address) {
  const auto colon = address.find(':');
  const std::string host = address.substr(0, colon), port = address.substr(colon + 1);
  return "*2\r\n$" + std::to_string(host.size()) + "\r\n" + host + "\r\n$" + std::to_string(port.size()) +
         "\r\n" + port + "\r\n";
}

TEST(StoreClientBySentinel, AsksOneAfterTheOtherWhereTheMasterIs) {
  scripted_store master{{decent}};
  scripted_store knows_nothing{{sentinel_saying("*-1\r\n")}},
      lies{{sentinel_saying("*2\r\n$1\r\n?\r\n$1\r\n0\r\n")}},
      knows{{sentinel_saying(pair_of(master.address()))}};
  store_run run{"redis-sentinel://127.0.0.1:" + std::to_string(test::closed_port()) + ',' +
                knows_nothing.address() + ',' + lies.address() + ',' + knows.address() + "/mymaster"};
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(run.ask(), "ok");
  EXPECT_EQ(knows.connections(), 1);
  EXPECT_EQ(master.connections(), 1);
}

TEST(StoreClientBySentinel, SaysWhenNoneKnows) {
  scripted_store knows_nothing{{sentinel_saying("*-1\r\n")}};
  store_run run{"redis-sentinel://" + knows_nothing.address() + "/mymaster"};
  EXPECT_EQ(run.ask(), "no Sentinel says where the master is; the last, " + knows_nothing.address() +
                           ": it knows no master of that name");
}

TEST(StoreClientBySentinel, AMasterThatIsNoneIsNotUsed) {
  scripted_store replica{{[](const words& said) {
    return said[0] == "ROLE" ? answer{"*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"}
                             : decent(said);
  }}};
  scripted_store sentinel{{sentinel_saying(pair_of(replica.address()))}};
  store_run run{"redis-sentinel://" + sentinel.address() + "/mymaster"};
  EXPECT_EQ(run.ask(), "the Sentinel calls it the master, but it is a replica");
  EXPECT_EQ(run.ask(), "the Sentinel calls it the master, but it is a replica");
  EXPECT_EQ(sentinel.connections(), 2) << "asked at each connect";
}

}  // namespace
}  // namespace ephemint::redis

#pragma once

#include "codec/resp.hpp"
#include "net/serial_gate.hpp"
#include "net/store_client.hpp"
#include "scripted_server.hpp"
#include "test_authority.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::test {

/// What a store client told its user.
struct store_news {
  enum class kind { ready, value, failure, lost };
  kind what;
  std::uint64_t command = 0;
  std::vector<redis::store_value> values = {};
  std::string message = {};
};

/// One store client, its user, and the loop that runs them.
class store_run : private redis::store_client::user {
 public:
  using kind = store_news::kind;
  static constexpr auto patience = std::chrono::seconds{10};

  explicit store_run(const std::string& url, std::string_view password = {}, redis::store_trust trust = {}) {
    redis::store_settings settings{.where = {}, .trust = std::move(trust)};
    EXPECT_EQ(redis::parse_store_url(url, settings.where), "");
    if (!password.empty()) settings.where.password = secret{password};
    store = redis::make_store_client(io.get_executor(), gate, std::move(settings), *this);
  }
  ~store_run() {
    inside([this] { store->close(); });
    run_dry();
  }
  store_run(const store_run&) = delete;
  store_run& operator=(const store_run&) = delete;

  static redis::store_call call() {
    redis::store_call made;
    made.member = "m1";
    made.seq = 1;
    made.spare_epoch = "e1";
    made.quota = 200;
    made.window = std::chrono::seconds{60};
    made.want_logins = 1;
    made.lease = std::chrono::seconds{7};
    return made;
  }

  /// Calls it inside the gate.
  void inside(std::function<void()> what) {
    struct errand final : net::gate_task {
      std::function<void()> what;
      void run() noexcept override { what(); }
    };
    const auto made = std::make_shared<errand>();
    made->what = std::move(what);
    gate->enter(*made, made, net::completion::place::elsewhere);
  }

  void connect() {
    inside([this] { store->connect(); });
  }
  std::uint64_t evaluate(std::chrono::milliseconds limit = patience,
                         const std::string& key = "ephemint:{t}:q") {
    ++last;
    inside([&] { EXPECT_TRUE(store->evaluate(last, key, call(), limit)); });
    return last;
  }

  /// Runs until the user is told something; that the store is ready counts only if asked for.
  store_news next(bool ready_too = false) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    for (;;) {
      io.restart();
      while (told.empty() && io.run_one_until(limit) != 0) continue;
      if (told.empty()) throw std::runtime_error{"the user was told nothing"};
      store_news first = std::move(told.front());
      told.pop_front();
      if (ready_too || first.what != kind::ready) return first;
    }
  }
  /// Sends a command. Returns `ok`, or why it failed.
  std::string ask(std::chrono::milliseconds limit = patience) {
    const auto number = evaluate(limit);
    for (;;) {
      const store_news news = next();
      if (news.what == kind::lost) continue;
      EXPECT_EQ(news.command, number);
      if (news.what == kind::failure) return news.message;
      const auto* const status =
          news.values.empty() ? nullptr : std::get_if<std::string>(&news.values.front());
      return status ? *status : "an answer without a status";
    }
  }
  bool older_than(std::chrono::milliseconds span) {
    bool is = false;
    inside([&] { is = store->older_than(span); });
    return is;
  }

  /// Checks that nothing is pending, and the user is told nothing.
  void run_dry() {
    told.clear();
    io.restart();
    io.run_for(patience);
    EXPECT_TRUE(io.stopped()) << "work is left";
    EXPECT_TRUE(told.empty()) << "told after the end";
  }

  boost::asio::io_context io{1};
  std::shared_ptr<net::serial_gate> gate = std::make_shared<net::serial_gate>(true);
  std::unique_ptr<redis::store_client> store;
  std::deque<store_news> told;
  std::uint64_t last = 0;
  std::function<void()> when_told;

 private:
  void on_ready() noexcept override { tell({.what = kind::ready}); }
  void on_value(std::uint64_t command, std::vector<redis::store_value> values) noexcept override {
    tell({.what = kind::value, .command = command, .values = std::move(values)});
  }
  void on_failure(std::uint64_t command, const redis::store_failure& why) noexcept override {
    tell({.what = kind::failure, .command = command, .message = why.message});
  }
  void on_lost(const redis::store_failure& why) noexcept override {
    tell({.what = kind::lost, .message = why.message});
  }
  std::shared_ptr<const void> keeper() noexcept override { return {gate, this}; }

  void tell(store_news what) {
    EXPECT_EQ(what.message.find('\n'), std::string::npos);
    told.push_back(std::move(what));
    if (when_told) when_told();
  }
};

/// A store that answers exactly as a test says. The n-th function answers connection n, the last one all
/// further ones; each is called with a command and returns the answer.
class scripted_store {
 public:
  using words = std::vector<std::string>;
  struct answer {
    std::string bytes;
    enum class then { go_on, close, reset } after = then::go_on;
  };
  using script = std::function<answer(const words&)>;

  explicit scripted_store(std::vector<script> scripts)
      : server_{{.shown = make_root()}, peers_of(std::move(scripts))} {}

  std::string url() const { return "redis://" + address(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  int connections() const { return server_.connections(); }

  static constexpr std::string_view ok = "*2\r\n$2\r\nok\r\n:1\r\n";

  /// What a normal server answers.
  static answer decent(const words& said) {
    if (said[0] == "INFO") return {"$31\r\n# Server\r\nuptime_in_seconds:900\r\n"};
    if (said[0] == "ROLE") return {"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"};
    if (said[0] == "EVALSHA" || said[0] == "EVAL") return {std::string{ok}};
    return {"+OK\r\n"};
  }
  /// The same, with this answer to scripts.
  static script evaluating(std::string bytes, answer::then after = answer::then::go_on) {
    return [=](const words& said) {
      return said[0].starts_with("EVAL") ? answer{bytes, after} : decent(said);
    };
  }

 private:
  static std::vector<scripted_server::script> peers_of(std::vector<script> scripts) {
    std::vector<scripted_server::script> made;
    for (script& each : scripts)
      made.push_back([each = std::move(each)](peer& client) { serve(client, each); });
    return made;
  }
  static void serve(peer& client, const script& says) {
    redis::resp_reader reader;
    for (;;) {
      const std::string bytes = client.read_raw(65536);
      if (bytes.empty()) return;
      reader.feed(bytes);
      while (const auto command = reader.next()) {
        words said;
        for (const auto& each : command->elements) said.push_back(each.text);
        const answer made = says(said);
        client.write_raw(made.bytes);
        if (made.after == answer::then::close) return;
        if (made.after == answer::then::reset) return client.reset();
      }
    }
  }

  scripted_server server_;
};

}  // namespace ephemint::test

#pragma once

#include "net/connection.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/serial_gate.hpp"
#include "test_authority.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::test {

/// What an observer was told.
struct heard {
  enum class kind { connected, connect_failed, reply, lost };
  kind what;
  bool resumed = false;
  net::failure why = {};
  int status = 0;
  std::string body = {};
  bool reusable = false;
  std::optional<net::fate> fate = {};  // of the request that was under way
};

/// An observer of connections that must succeed.
class quiet_observer : public net::link_observer {
 public:
  void on_dial_failed(net::link_id, const net::failure& why) override { on_failure(why); }
  void on_capacity(net::link_id, std::uint32_t) override {}
  void on_heard(net::link_id) override {}
  void on_retiring(net::link_id) override {}
  void on_attempt_lost(net::link_id, net::attempt_id, net::fate, const net::failure&) override {}
  void on_gone(net::link_id, net::fate, const net::failure& why) override { on_failure(why); }

  virtual void on_failure(const net::failure& why) { ADD_FAILURE() << why.message.view(); }

 protected:
  ~quiet_observer() = default;
};

/// One connection of a client, its observer, and the loop that runs them.
class connection_run : public net::link_observer {
 public:
  static constexpr auto patience = std::chrono::seconds{5};

  explicit connection_run(std::uint16_t port, const std::string& host = "127.0.0.1",
                          net::lookup_function lookup = &net::system_lookup)
      : connection_run{settings_for(port, host), std::move(lookup)} {}
  explicit connection_run(const net::endpoint_settings& settings,
                          net::lookup_function lookup = &net::system_lookup)
      : end{std::make_shared<net::endpoint>(io.get_executor(), gate, settings, std::move(lookup))} {
    renew();
  }
  ~connection_run() {
    link->close();
    run_dry();
  }
  connection_run(const connection_run&) = delete;
  connection_run& operator=(const connection_run&) = delete;

  static const identity& root() {
    static const identity made = make_root();
    return made;
  }
  static server_wishes good_server() { return {.shown = issue(root(), {})}; }
  static net::endpoint_settings settings_for(std::uint16_t port, const std::string& host) {
    return {.host = host, .port = port, .system_authorities = false, .authority_pem = root().pem()};
  }

  /// Another connection with the same endpoint.
  void renew() { link = std::make_shared<net::connection>(io.get_executor(), gate, end, ++id, *this); }

  void connect(std::chrono::milliseconds connect_timeout = patience,
               std::chrono::milliseconds handshake_timeout = patience) {
    link->connect(connect_timeout, handshake_timeout);
  }

  /// Runs until the observer gets the next event; fails the test if there is none.
  heard next() {
    const auto limit = std::chrono::steady_clock::now() + patience;
    io.restart();
    while (told.empty() && io.run_one_until(limit) != 0) continue;
    if (told.empty()) throw std::runtime_error{"the observer was told nothing"};
    heard first = std::move(told.front());
    told.pop_front();
    return first;
  }
  heard dial() {
    connect();
    return next();
  }
  /// Runs until the server has completed the handshake too.
  void settle() {
    const auto limit = std::chrono::steady_clock::now() + patience;
    io.restart();
    while (settled == 0 && io.run_one_until(limit) != 0) continue;
  }

  /// Checks that nothing is pending, and no event comes.
  void run_dry() {
    io.restart();
    io.run_for(patience);
    EXPECT_TRUE(io.stopped()) << "work is left";
    EXPECT_TRUE(told.empty()) << "told after the end";
  }

  void on_open(net::link_id from, net::link_room room, const net::dial_facts& how) override {
    EXPECT_EQ(room.capacity, 1U);
    EXPECT_FALSE(room.shared);
    settling = room.settling;
    tell(from, {.what = heard::kind::connected, .resumed = how.resumed});
  }
  void on_dial_failed(net::link_id from, const net::failure& why) override {
    tell(from, {.what = heard::kind::connect_failed, .why = why});
  }
  void on_capacity(net::link_id, std::uint32_t) override { ADD_FAILURE() << "HTTP/1.1 has room for one"; }
  void on_heard(net::link_id) override { ADD_FAILURE() << "HTTP/1.1 is never asked for a sign of life"; }
  void on_settled(net::link_id) override { ++settled; }
  void on_retiring(net::link_id) override { ADD_FAILURE() << "HTTP/1.1 doesn't retire by itself"; }
  void on_reply(net::link_id from, net::attempt_id attempt, const detail::http_reply& reply) override {
    EXPECT_EQ(attempt, sent);
    out = false;
    tell(from, {.what = heard::kind::reply,
                .status = reply.status,
                .body = std::string{reply.body},
                .reusable = reply.reusable});
    if (when_replied) when_replied();
  }
  void on_attempt_lost(net::link_id, net::attempt_id, net::fate, const net::failure&) override {
    ADD_FAILURE() << "HTTP/1.1 loses a request with its connection only";
  }
  void on_gone(net::link_id from, net::fate what, const net::failure& why) override {
    tell(from, {.what = heard::kind::lost, .why = why, .fate = out ? std::optional{what} : std::nullopt});
  }

  /// Sends the next attempt's request.
  bool send(std::string_view request) {
    out = link->send(++sent, {.text = request});
    return out;
  }

  boost::asio::io_context io{1};
  std::shared_ptr<net::serial_gate> gate = std::make_shared<net::serial_gate>(false);
  std::shared_ptr<net::endpoint> end;
  std::shared_ptr<net::connection> link;
  net::link_id id = 0;
  net::attempt_id sent = 0;
  bool settling = false;  ///< as `on_open` said
  int settled = 0;        ///< how often `on_settled` was called
  std::deque<heard> told;
  std::function<void()> when_replied;

 private:
  bool out = false;  ///< a request

  void tell(net::link_id from, heard what) {
    EXPECT_EQ(from, id);
    told.push_back(std::move(what));
  }
};

}  // namespace ephemint::test

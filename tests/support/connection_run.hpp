#pragma once

#include "net/connection.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "test_authority.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
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
  bool reply_begun = false;
};

/// One connection of a client, its observer, and the loop that runs them.
class connection_run : public net::connection_observer {
 public:
  static constexpr auto patience = std::chrono::seconds{5};

  explicit connection_run(std::uint16_t port, const std::string& host = "127.0.0.1",
                          net::lookup_function lookup = &net::system_lookup)
      : connection_run{settings_for(port, host), std::move(lookup)} {}
  explicit connection_run(const net::endpoint_settings& settings,
                          net::lookup_function lookup = &net::system_lookup)
      : end{std::make_shared<net::endpoint>(io.get_executor(), settings, std::move(lookup))} {
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
  void renew() { link = std::make_shared<net::connection>(io.get_executor(), end, ++id, *this); }

  void connect(std::chrono::milliseconds connect_timeout = patience,
               std::chrono::milliseconds handshake_timeout = patience) {
    link->connect(connect_timeout, handshake_timeout);
  }

  /// Runs until the observer is told the next thing; fails the test if it isn't.
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

  /// Nothing is pending any more, and nothing is told.
  void run_dry() {
    io.restart();
    io.run_for(patience);
    EXPECT_TRUE(io.stopped()) << "work is left";
    EXPECT_TRUE(told.empty()) << "told after the end";
  }

  void on_connected(std::uint32_t from, bool resumed) override {
    tell(from, {.what = heard::kind::connected, .resumed = resumed});
  }
  void on_connect_failed(std::uint32_t from, const net::failure& why) override {
    tell(from, {.what = heard::kind::connect_failed, .why = why});
  }
  void on_reply(std::uint32_t from, const detail::http_reply& reply) override {
    tell(from, {.what = heard::kind::reply,
                .status = reply.status,
                .body = std::string{reply.body},
                .reusable = reply.reusable});
    if (when_replied) when_replied();
  }
  void on_lost(std::uint32_t from, const net::failure& why, bool reply_begun) override {
    tell(from, {.what = heard::kind::lost, .why = why, .reply_begun = reply_begun});
  }

  boost::asio::io_context io{1};
  std::shared_ptr<net::endpoint> end;
  std::shared_ptr<net::connection> link;
  std::uint32_t id = 0;
  std::deque<heard> told;
  std::function<void()> when_replied;

 private:
  void tell(std::uint32_t from, heard what) {
    EXPECT_EQ(from, id);
    told.push_back(std::move(what));
  }
};

}  // namespace ephemint::test

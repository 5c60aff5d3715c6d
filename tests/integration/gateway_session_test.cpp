#include "http/listener.hpp"
#include "http/listening.hpp"
#include "support/plain_http.hpp"
#include "support/sandbox_fixture.hpp"
#include "support/temporary_directory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

// Listeners and sessions over real sockets, with a face of the test's own.

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;
using ephemint::test::eventually;
using ephemint::test::plain_http;
using ephemint::test::temporary_directory;
using ::testing::HasSubstr;

/// Depending on the path, repeats the request, waits, throws, or gives an answer that can't be sent.
class trial_face final : public face {
 public:
  asio::any_io_executor at;
  std::atomic<int> asked{0}, cancelled{0}, handed_over{0}, lost{0};

  /// Lets all answer that wait at `/wait`.
  void release(const asio::any_io_executor& at) {
    asio::post(at, [this] {
      released_ = true;
      for (asio::steady_timer* one : waiting_) one->cancel();
    });
  }

  std::string_view name() const noexcept override { return "trial"; }

  task<reply> answer(exchange& of) override {
    ++asked;
    of.log.route = "trial";
    const std::string path{of.path()};
    if (path == "/throw") throw std::runtime_error{"planted"};
    if (path == "/wait") co_await wait(of);
    reply made;
    made.content_type = "text/plain";
    made.body = path == "/big" ? std::string(32 * 1024 * 1024, 'x') : path + '|' + of.asked.body();
    if (path == "/split") made.headers.emplace_back(http::field::location, "a\r\nSet-Cookie: b");
    made.headers.emplace_back(http::field::retry_after, "7");
    made.content_policy = "default-src 'none'";
    made.told = [this](bool yes) { ++(yes ? handed_over : lost); };
    co_return made;
  }

  reply refusal(unsigned status, std::string_view why) override {
    reply made;
    made.status = status;
    made.content_type = "text/plain";
    made.body = std::string{why};
    return made;
  }

 private:
  struct begin_wait {
    asio::steady_timer& timer;
    exchange& of;
    template <class Handler>
    void operator()(Handler handler) const {
      timer.async_wait(asio::bind_cancellation_slot(of.gone, std::move(handler)));
    }
  };
  task<void> wait(exchange& of) {
    asio::steady_timer timer{at, 1h};
    waiting_.push_back(&timer);
    boost::system::error_code error;
    operation<boost::system::error_code, begin_wait> waiting{of.owner.lock(), {timer, of}};
    if (!released_) error = co_await waiting;
    waiting_.remove(&timer);
    if (error && !released_) ++cancelled;
  }

  bool released_ = false;
  std::list<asio::steady_timer*> waiting_;
};

/// A listener with that face, on a thread of its own; over TCP or a Unix socket.
class gateway_session : public ::testing::TestWithParam<const char*> {
 protected:
  void start(serving_limits limits = {}) {
    const std::string at = std::string_view{GetParam()} == "unix" ? "unix:" + place_.path() + "/t.sock"
                                                                  : std::string{GetParam()};
    listening made{{.at = at}, 0600};
    address_ = made.address().text();
    face_.at = context_.get_executor();
    const auto speaker = std::shared_ptr<face>{&face_, [](face*) {}};
    listener_ = std::make_shared<listener>(context_.get_executor(), speaker, std::move(made), limits,
                                           [this](const log_entry& entry, std::chrono::milliseconds) {
                                             const std::lock_guard lock{mutex_};
                                             log_.push_back(entry);
                                           });
    listener_->start();
    thread_ = std::thread{[this] { context_.run(); }};
  }

  ~gateway_session() override {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] { listener_->cut(); });
    guard_.reset();
    thread_.join();  // hangs if anything is left
    EXPECT_EQ(listener_.use_count(), 1);
  }

  /// Begins to close, and says when it is over.
  std::future<void> close() {
    auto over = std::make_shared<std::promise<void>>();
    asio::post(context_, [this, over] { listener_->close([over] { over->set_value(); }); });
    return over->get_future();
  }

  std::vector<log_entry> log() {
    const std::lock_guard lock{mutex_};
    return log_;
  }
  bool logged(std::size_t lines) {
    return eventually([&] { return log().size() == lines; });
  }
  /// Whatever is ready on the context has its turn.
  void take_turn() {
    std::promise<void> taken;
    asio::post(context_, [&] { taken.set_value(); });
    taken.get_future().wait();
  }
  void release() { face_.release(context_.get_executor()); }

  temporary_directory place_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
  trial_face face_;
  std::string address_;
  std::shared_ptr<listener> listener_;
  std::mutex mutex_;
  std::vector<log_entry> log_;
  std::thread thread_;
};

INSTANTIATE_TEST_SUITE_P(sockets, gateway_session, ::testing::Values("127.0.0.1:0", "unix"),
                         [](const auto& info) {
                           return std::string{std::string_view{info.param} == "unix" ? "unix" : "tcp"};
                         });

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_P(gateway_session, answers_with_what_every_answer_has) {
  start();
  plain_http client{address_};
  const auto answer = client.ask("POST", "/a?b", {}, "body");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "/a|body");
  EXPECT_EQ(answer.header("cache-control"), "no-store");
  EXPECT_EQ(answer.header("referrer-policy"), "no-referrer");
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.header("content-type"), "text/plain");
  EXPECT_EQ(answer.header("content-security-policy"), "default-src 'none'");
  EXPECT_EQ(answer.header("retry-after"), "7");
  EXPECT_EQ(answer.header("connection"), "");
  EXPECT_EQ(answer.header("server"), "");
  EXPECT_EQ(client.ask("GET", "/b").body, "/b|") << "the connection stays";
  ASSERT_TRUE(logged(2));
  EXPECT_EQ(log()[0].status, 200U);
  EXPECT_EQ(log()[0].route, "trial");
  EXPECT_EQ(log()[0].who, address_.starts_with("unix:")
                              ? "uid=" + std::to_string(::getuid()) + " pid=" + std::to_string(::getpid())
                              : "127.0.0.1");
  EXPECT_EQ(face_.handed_over, 2);
  EXPECT_EQ(face_.lost, 0);
}

TEST_P(gateway_session, connection_stays_or_ends_as_asked) {
  start();
  const struct {
    const char* request;
    bool stays;
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Foo, CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
  };
  for (const auto& c : cases) {
    plain_http client{address_};
    client.send(c.request);
    const auto answer = client.read_answer();
    EXPECT_EQ(answer.status, 200) << c.request;
    EXPECT_EQ(answer.header("connection") == "close", !c.stays) << c.request;
    if (c.stays)
      EXPECT_EQ(client.ask("GET", "/again").status, 200) << c.request;
    else
      EXPECT_TRUE(client.ends_within(10s)) << c.request;
  }
}

TEST_P(gateway_session, pipelined_requests_are_answered_in_order) {
  start();
  plain_http client{address_};
  client.send(
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nt\r\n2\r\nwo\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4 HTT");
  EXPECT_EQ(client.read_answer().body, "/1|one");
  EXPECT_EQ(client.read_answer().body, "/2|two");
  EXPECT_EQ(client.read_answer().body, "/3|");
  client.send("P/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "/4|");
}

TEST_P(gateway_session, pipelined_request_waits_for_the_one_before) {
  start();
  plain_http client{address_};
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return face_.asked == 1; }));
  client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  release();
  EXPECT_EQ(client.read_answer().body, "/wait|");
  EXPECT_EQ(client.read_answer().body, "/2|");
  EXPECT_EQ(face_.cancelled, 0);
}

TEST_P(gateway_session, head_is_answered_without_a_body) {
  start();
  plain_http client{address_};
  client.send(
      "HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /g HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::string all;
  ASSERT_TRUE(client.read_to_end(all));
  EXPECT_THAT(all, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_EQ(all.find("/h|"), all.npos);
  EXPECT_TRUE(all.ends_with("/g|"));
}

TEST_P(gateway_session, leave_to_send_a_body_is_given) {
  start();
  plain_http client{address_};
  client.send("POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("ok");
  EXPECT_EQ(client.read_answer().body, "/e|ok");
}

TEST_P(gateway_session, bad_requests_are_refused_and_end_the_connection) {
  start();
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string large(5'000, 'x');
  const struct {
    std::string request;
    int status;
    const char* why;
  } cases[] = {
      {"\x16\x03\x01", 400, "not HTTP"},
      {"nonsense\r\n", 400, "a malformed header"},
      {"GET /\r\n\r\n", 400, "a malformed header"},
      {"GET / HTTP/1.1\nHost: a\n\n", 400, "a malformed header"},
      {"GET / HTTP/2.0\r\n", 400, "a malformed header"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "a malformed header"},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "a malformed header"},
      {"GET / HTTP/1.1\r\nHost\r\n\r\n", 400, "a malformed header"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400, "a folded header"},
      {post + "Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n", 400, "a folded header"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "more than one Host"},
      {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "a malformed header"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400, "a malformed header"},
      {post + "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n", 400,
       "more than one length of the body"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "an unknown Transfer-Encoding"},
      {post + "Transfer-Encoding: xchunked\r\n\r\n", 400, "an unknown Transfer-Encoding"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "an unknown Transfer-Encoding"},
      {post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "more than one length of the body"},
      {post + "Content-Length: 1, 1\r\n\r\n", 400, "a malformed Content-Length"},
      {post + "Content-Length: -1\r\n\r\n", 400, "a malformed header"},
      {post + "Content-Length: x\r\n\r\n", 400, "a malformed header"},
      {post + "Content-Length: 4097\r\n\r\n", 413, "a body that is too large"},
      {post + "Content-Length: 18446744073709551615\r\n\r\n", 413, "a body that is too large"},
      {post + "Transfer-Encoding: chunked\r\n\r\n1001\r\n", 413, "a body that is too large"},
      {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "a malformed body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n", 400, "fields behind the body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n1;" + large + large + large + large, 413,
       "a body that is too large"},
      {"GET /" + std::string(9'000, 'x'), 431, "a header that is too large"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + large + "\r\nY: " + large + "\r\n\r\n", 431,
       "a header that is too large"},
  };
  std::size_t lines = 0;
  for (const auto& c : cases) {
    plain_http client{address_};
    client.send(c.request);
    const auto answer = client.read_answer();
    EXPECT_EQ(answer.status, c.status) << c.request.substr(0, 80);
    EXPECT_EQ(answer.body, c.why) << c.request.substr(0, 80);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_EQ(answer.header("cache-control"), "no-store");
    EXPECT_TRUE(client.ends_within(10s));
    client.close();
    ASSERT_TRUE(logged(++lines));
    EXPECT_EQ(log().back().status, static_cast<unsigned>(c.status));
    EXPECT_EQ(log().back().why, c.why);
    EXPECT_NE(log().back().code, "");
  }
  EXPECT_EQ(face_.asked, 0);
}

TEST_P(gateway_session, largest_requests_are_taken) {
  start();
  const std::string head = "POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\nX: ";
  const std::string body(4096, 'b');
  plain_http client{address_};
  client.send(head + std::string(8192 - head.size() - 4, 'x') + "\r\n\r\n" + body);
  EXPECT_EQ(client.read_answer().body, "/m|" + body);
  client.send(head + std::string(8192 - head.size() - 3, 'x') + "\r\n\r\n" + body);
  EXPECT_EQ(client.read_answer().status, 431);
}

TEST_P(gateway_session, answer_arrives_though_the_request_goes_on) {
  start();
  plain_http client{address_};
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_TRUE(client.ends_within(10s));
  EXPECT_FALSE(client.was_reset()) << "that may overtake an answer";
}

TEST_P(gateway_session, silent_connection_is_closed_without_a_word) {
  start({.transfer_timeout = 30ms});
  plain_http client{address_};
  std::string all;
  EXPECT_TRUE(client.read_to_end(all));
  EXPECT_EQ(all, "");
  EXPECT_TRUE(log().empty());
}

TEST_P(gateway_session, connection_that_asks_no_more_is_closed_without_a_word) {
  start({.keep_alive = 30ms});
  plain_http client{address_};
  EXPECT_EQ(client.ask("GET", "/").status, 200);
  EXPECT_TRUE(client.ends_within(10s));
  EXPECT_EQ(log().size(), 1U);
}

TEST_P(gateway_session, dripping_header_is_cut_off) {
  start({.transfer_timeout = 60ms});
  plain_http client{address_};
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  while (!client.has_something(5ms)) client.send("x");
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("connection"), "close");
  client.close();
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(log()[0].status, 408U);
}

TEST_P(gateway_session, dripping_body_is_cut_off) {
  start({.transfer_timeout = 60ms});
  plain_http client{address_};
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n");
  while (!client.has_something(5ms)) client.send("x");
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_EQ(face_.asked, 0);
}

TEST_P(gateway_session, second_request_that_drips_is_cut_off) {
  start({.transfer_timeout = 60ms});
  plain_http client{address_};
  EXPECT_EQ(client.ask("GET", "/").status, 200);
  client.send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST_P(gateway_session, working_face_may_take_longer_than_a_transfer) {
  start({.transfer_timeout = 20ms, .keep_alive = 20ms});
  plain_http client{address_}, other{address_};
  client.send_request("GET", "/wait");
  ASSERT_TRUE(eventually([&] { return face_.asked == 1; }));
  EXPECT_TRUE(other.ends_within(10s)) << "the time has passed";
  release();
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_P(gateway_session, answer_that_nobody_reads_is_given_up) {
  start({.transfer_timeout = 60ms});
  plain_http client{address_};
  client.send_request("GET", "/big");
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(log()[0].status, 0U);
  EXPECT_EQ(face_.handed_over, 0);
  EXPECT_EQ(face_.lost, 1);
}

TEST_P(gateway_session, large_answer_arrives_whole) {
  start();
  plain_http client{address_};
  EXPECT_EQ(client.ask("GET", "/big").body.size(), 32U * 1024 * 1024);
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(face_.handed_over, 1);
}

TEST_P(gateway_session, peer_that_goes_cancels_its_login) {
  start();
  const std::function<void(plain_http&)> ways[] = {
      [](plain_http& c) { c.close(); },
      [](plain_http& c) { c.reset(); },
      [](plain_http& c) { c.half_close(); },
  };
  int times = 0;
  for (const auto& go : ways) {
    plain_http client{address_};
    client.send_request("GET", "/wait");
    ++times;
    ASSERT_TRUE(eventually([&] { return face_.asked == times; }));
    go(client);
    ASSERT_TRUE(logged(static_cast<std::size_t>(times)));
    EXPECT_EQ(face_.cancelled, times);
    EXPECT_EQ(face_.lost, times) << "its answer isn't written";
    EXPECT_EQ(log().back().status, 0U);
    EXPECT_EQ(log().back().route, "trial");
  }
  EXPECT_EQ(face_.handed_over, 0);
}

TEST_P(gateway_session, peer_that_went_behind_another_request_gets_no_answer) {
  start();
  plain_http client{address_};
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return face_.asked == 1; }));
  client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  for (int i = 0; i < 10; ++i) take_turn();  // the session has seen it, and looks no more
  client.half_close();
  release();
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(log()[0].status, 0U);
  EXPECT_EQ(face_.lost, 1);
}

TEST_P(gateway_session, peer_that_went_before_its_last_request_asks_nobody) {
  start();
  plain_http client{address_};
  const std::string host = " HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send("GET /wait" + host + "GET /big" + host + "GET /3" + host);
  release();
  EXPECT_EQ(client.read_answer().body, "/wait|");
  ASSERT_TRUE(client.has_something(10s));  // and the rest of it can't be written before it is read
  client.half_close();
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(client.ends_within(10s));
  ASSERT_TRUE(logged(3));
  EXPECT_EQ(log()[2].status, 0U);
  EXPECT_EQ(face_.asked, 2);
}

TEST_P(gateway_session, peer_that_goes_within_a_request_is_logged) {
  start();
  plain_http client{address_};
  client.send("GET / HT");
  client.close();
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(log()[0].status, 0U);
  EXPECT_EQ(face_.asked, 0);
}

TEST_P(gateway_session, face_that_throws_is_a_500) {
  start();
  plain_http client{address_};
  const auto answer = client.ask("GET", "/throw");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "internal error");
  EXPECT_TRUE(client.ends_within(10s));
  client.close();
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(log()[0].status, 500U);
  EXPECT_EQ(log()[0].why, "internal error") << "and not what was thrown";
}

TEST_P(gateway_session, header_with_a_line_break_is_a_500) {
  start();
  plain_http client{address_};
  const auto answer = client.ask("GET", "/split");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.header("set-cookie"), "");
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(face_.lost, 1);
  EXPECT_EQ(face_.handed_over, 0);
}

TEST_P(gateway_session, idlest_connection_gives_way) {
  start({.max_connections = 2});
  plain_http first{address_}, second{address_};
  EXPECT_EQ(first.ask("GET", "/1").status, 200);
  EXPECT_EQ(second.ask("GET", "/2").status, 200);
  EXPECT_EQ(first.ask("GET", "/1").status, 200);
  ASSERT_TRUE(logged(3));
  plain_http third{address_};
  EXPECT_EQ(third.ask("GET", "/3").status, 200);
  EXPECT_TRUE(second.ends_within(10s));
  EXPECT_EQ(first.ask("GET", "/1").status, 200) << "it has been idle for less long";
}

TEST_P(gateway_session, next_one_waits_if_nobody_is_idle) {
  start({.max_connections = 2});
  plain_http first{address_}, silent{address_};
  first.send_request("GET", "/wait");
  ASSERT_TRUE(eventually([&] { return face_.asked == 1; }));
  plain_http third{address_};
  third.send_request("GET", "/3");
  release();
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_EQ(third.read_answer().status, 200) << "the first one is idle now";
  EXPECT_TRUE(first.ends_within(10s));
  plain_http fourth{address_}, fifth{address_};
  silent.close();
  EXPECT_EQ(fifth.ask("GET", "/5").status, 200);
}

TEST_P(gateway_session, connection_beyond_the_limit_waits_in_the_backlog) {
  start();
  std::list<plain_http> all;
  for (int i = 0; i < 256; ++i) all.emplace_back(address_).send_request("GET", "/wait");
  ASSERT_TRUE(eventually([&] { return face_.asked == 256; }));
  plain_http next{address_};
  next.send_request("GET", "/next");
  all.front().close();
  EXPECT_EQ(next.read_answer().body, "/next|");
  EXPECT_EQ(face_.cancelled, 1);
  release();
  all.pop_front();
  for (plain_http& one : all) EXPECT_EQ(one.read_answer().status, 200);
}

TEST_P(gateway_session, close_lets_requests_end_and_idle_ones_go) {
  start();
  plain_http busy{address_}, idle{address_}, silent{address_};
  EXPECT_EQ(idle.ask("GET", "/").status, 200);
  busy.send_request("GET", "/wait");
  ASSERT_TRUE(eventually([&] { return face_.asked == 2; }));
  std::future<void> over = close();
  EXPECT_TRUE(idle.ends_within(10s));
  EXPECT_TRUE(silent.ends_within(10s));
  EXPECT_NE(over.wait_for(0s), std::future_status::ready);
  EXPECT_THROW(plain_http{address_}, std::system_error);
  EXPECT_FALSE(std::filesystem::exists(place_.path() + "/t.sock"));
  release();
  const auto answer = busy.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "close");
  busy.close();
  EXPECT_EQ(over.wait_for(10s), std::future_status::ready);
}

// behaviours: G19
TEST_P(gateway_session, close_answers_what_was_sent_before_it) {
  start();
  plain_http kept{address_};
  EXPECT_EQ(kept.ask("GET", "/").status, 200);
  std::promise<void> held, go;
  asio::post(context_, [&] {
    held.set_value();
    go.get_future().wait();
  });
  held.get_future().wait();
  kept.send_request("GET", "/kept");
  plain_http fresh{address_};  // in the backlog
  fresh.send_request("GET", "/fresh");
  std::future<void> over = close();
  go.set_value();
  for (plain_http* client : {&kept, &fresh}) {
    const auto answer = client->read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("connection"), "close");
    client->close();
  }
  EXPECT_EQ(over.wait_for(10s), std::future_status::ready);
}

TEST_P(gateway_session, close_waits_a_moment_for_a_request_that_is_on_its_way) {
  start();
  plain_http kept{address_}, fresh{address_};
  EXPECT_EQ(kept.ask("GET", "/").status, 200);
  std::future<void> over = close();
  take_turn();
  for (plain_http* client : {&kept, &fresh}) {
    const auto answer = client->ask("GET", "/late");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("connection"), "close");
    client->close();
  }
  EXPECT_EQ(over.wait_for(10s), std::future_status::ready);
}

TEST_P(gateway_session, close_waits_no_transfer_for_a_request_that_is_half_there) {
  start({.transfer_timeout = 1h});
  const std::string head = "POST /half HTTP/1.1\r\nHost: localhost\r\n";
  plain_http header{address_}, body{address_}, whole{address_}, late{address_};
  for (plain_http* client : {&header, &body, &whole, &late}) EXPECT_EQ(client->ask("GET", "/").status, 200);
  header.send(head);
  body.send(head + "Content-Length: 9\r\n\r\nhalf");
  whole.send(head);
  for (int turn = 0; turn < 3; ++turn) take_turn();
  std::future<void> over = close();
  take_turn();
  late.send(head);
  whole.send("Content-Length: 0\r\n\r\n");
  EXPECT_EQ(whole.read_answer().status, 200);
  for (plain_http* client : {&header, &body, &late}) {
    const auto answer = client->read_answer();
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.header("connection"), "close");
  }
  for (plain_http* client : {&header, &body, &late, &whole}) client->close();
  EXPECT_EQ(over.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(face_.asked, 5);
}

TEST_P(gateway_session, close_while_an_answer_leaves_ends_its_connection) {
  start();
  plain_http client{address_};
  client.send_request("GET", "/big");
  ASSERT_TRUE(client.has_something(10s));
  std::future<void> over = close();
  take_turn();
  EXPECT_EQ(client.read_answer().body.size(), 32U * 1024 * 1024);
  EXPECT_EQ(over.wait_for(10s), std::future_status::ready) << "it waits for another request";
}

TEST_P(gateway_session, close_answers_who_is_there_already) {
  start();
  plain_http busy{address_}, fresh{address_};
  busy.send_request("GET", "/wait");
  ASSERT_TRUE(eventually([&] { return face_.asked == 1; }));
  std::list<plain_http> outside;  // some of them in the backlog, as like as not
  for (int i = 0; i < 20; ++i) outside.emplace_back(address_).send_request("GET", "/");
  std::future<void> over = close();
  const auto answer = fresh.ask("GET", "/fresh");
  EXPECT_EQ(answer.status, 200) << "it hadn't got to asking";
  EXPECT_EQ(answer.header("connection"), "close");
  for (plain_http& one : outside) EXPECT_EQ(one.read_answer().status, 200);
  fresh.close();
  outside.clear();
  release();
  EXPECT_EQ(busy.read_answer().status, 200);
  busy.close();
  EXPECT_EQ(over.wait_for(10s), std::future_status::ready);
}

TEST_P(gateway_session, close_with_nobody_there_is_over_at_once) {
  start();
  EXPECT_EQ(close().wait_for(10s), std::future_status::ready);
}

TEST_P(gateway_session, cut_ends_requests_and_their_logins) {
  start();
  plain_http busy{address_};
  busy.send_request("GET", "/wait");
  ASSERT_TRUE(eventually([&] { return face_.asked == 1; }));
  asio::post(context_, [this] { listener_->cut(); });
  EXPECT_TRUE(busy.ends_within(10s));
  ASSERT_TRUE(logged(1));
  EXPECT_EQ(face_.cancelled, 1);
  EXPECT_EQ(face_.lost, 1);
}

#ifndef EPHEMINT_ADDRESS_SANITIZER  // with it comes UBSan, which looks at types through a pipe
TEST_P(gateway_session, listener_that_runs_out_of_descriptors_goes_on) {
  start();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::dup(0);
  ::close(next);
  rlimit one_more = before;
  one_more.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &one_more), 0);
  plain_http client{address_};  // takes the last one
  client.send_request("GET", "/");
  EXPECT_FALSE(client.has_something(10ms));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(client.read_answer().status, 200);
}
#endif

TEST_P(gateway_session, descriptors_are_given_back) {
  start();
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    plain_http whole{address_}, half{address_}, none{address_};
    EXPECT_EQ(whole.ask("GET", "/").status, 200);
    half.send("GET / HT");
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; }));
}

}  // namespace
}  // namespace ephemint::gateway

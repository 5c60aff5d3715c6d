// How much memory a connection takes. A program of its own, as it replaces the global operator new and
// OpenSSL's allocator.

#include "codec/request.hpp"
#include "connection_run.hpp"
#include "http2_script.hpp"
#include "scripted_server.hpp"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>

namespace {

// Of this thread only: the server's are not ours.
thread_local long allocations = 0;
thread_local long library_allocations = 0;  // by C++, not by OpenSSL
thread_local long bytes_held = 0;

void* counted(void* memory) {
  ++allocations;
  bytes_held += static_cast<long>(malloc_usable_size(memory));
  return memory;
}

void* openssl_malloc(std::size_t size, const char*, int) { return counted(std::malloc(size)); }
void openssl_free(void* memory, const char*, int) {
  bytes_held -= static_cast<long>(malloc_usable_size(memory));
  std::free(memory);
}
void* openssl_realloc(void* memory, std::size_t size, const char*, int) {
  bytes_held -= static_cast<long>(malloc_usable_size(memory));
  return counted(std::realloc(memory, size));
}

// Before OpenSSL allocates anything, or it refuses.
const int counting = CRYPTO_set_mem_functions(&openssl_malloc, &openssl_realloc, &openssl_free);

}  // namespace

void* operator new(std::size_t size) {
  ++library_allocations;
  if (void* memory = std::malloc(size)) return counted(memory);
  throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++library_allocations;
  void* const memory = std::malloc(size);
  return memory ? counted(memory) : nullptr;
}
void operator delete(void* memory) noexcept {
  bytes_held -= static_cast<long>(malloc_usable_size(memory));
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace ephemint::net {
namespace {

using test::connection_run;
using test::heard;
using test::peer;
using test::scripted_server;
using kind = test::heard::kind;

constexpr std::string_view request =
    "POST /v1/tokens/ephemeral HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

void answer_all(peer& client) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1200\r\n\r\n" + std::string(1200, 't');
  if (!client.shake_hands()) return;
  while (client.read_request() == request) client.write(answer);
}

/// The same over HTTP/2.
void answer_all_streams(peer& client) {
  const std::string body(1200, 't');
  test::http2_script script{client};
  if (!script.begin()) return;
  while (const auto stream = script.request()) script.write(script.answer(stream, body));
}

test::server_wishes http2_server() {
  auto wishes = connection_run::good_server();
  wishes.protocols = {"h2"};
  return wishes;
}

/// Hears without keeping anything, and asks again.
struct counter final : test::quiet_observer {
  void on_open(link_id, link_room, const dial_facts&) override { ++connected; }
  void on_reply(link_id, attempt_id, const detail::http_reply& reply) override {
    ++replies;
    EXPECT_TRUE(reply.reusable);
    if (replies < wanted) ask();
  }

  void ask() {
    link->send(0, over_http2 ? writer.write("se-123456") : detail::prepared_request{.text = request});
    link->flush();
  }

  detail::request_writer writer{"127.0.0.1", "/v1/tokens/ephemeral", secret{"TEST_key"}, "agent"};
  bool over_http2 = false;
  connection* link = nullptr;
  int connected = 0, replies = 0, wanted = 0;
};

void mint(asio::io_context& io, counter& observer, int count) {
  observer.wanted = observer.replies + count;
  observer.ask();
  while (observer.replies < observer.wanted && io.run_one_for(connection_run::patience) != 0) continue;
}

TEST(ConnectionMemory, a_request_and_its_reply_allocate_nothing_of_ours) {
  ASSERT_EQ(counting, 1);
  scripted_server server{connection_run::good_server(), {answer_all}};
  asio::io_context io{1};
  const auto gate = std::make_shared<serial_gate>(false);
  counter observer;
  const auto link = std::make_shared<connection>(
      io.get_executor(), gate,
      make_endpoint(io.get_executor(), gate, connection_run::settings_for(server.port(), "127.0.0.1")), 1,
      observer);
  observer.link = link.get();
  link->connect(connection_run::patience, connection_run::patience);
  while (observer.connected == 0 && io.run_one_for(connection_run::patience) != 0) continue;
  mint(io, observer, 10);
  const long before = library_allocations, before_in_all = allocations;
  mint(io, observer, 100);
  EXPECT_EQ(observer.replies, 110);
  EXPECT_EQ(library_allocations - before, 0);
  // OpenSSL's own: two times 40 bytes a TLS 1.3 record, for the packet that it writes the record's header
  // with.
  EXPECT_LE(allocations - before_in_all, 4 * 100);
  link->close();
}

TEST(ConnectionMemory, over_http2_they_allocate_next_to_nothing_and_so_does_nghttp2) {
  if (!speaks_http2()) GTEST_SKIP() << "built without HTTP/2";
  scripted_server server{http2_server(), {answer_all_streams}};
  asio::io_context io{1};
  const auto gate = std::make_shared<serial_gate>(false);
  counter observer;
  observer.over_http2 = true;
  const auto link = std::make_shared<connection>(
      io.get_executor(), gate,
      make_endpoint(io.get_executor(), gate, connection_run::settings_for(server.port(), "127.0.0.1")), 1,
      observer);
  observer.link = link.get();
  link->connect(connection_run::patience, connection_run::patience);
  while (observer.connected == 0 && io.run_one_for(connection_run::patience) != 0) continue;
  mint(io, observer, 100);
  const long before = library_allocations, before_in_all = allocations;
  mint(io, observer, 1000);
  EXPECT_EQ(observer.replies, 1100);
  RecordProperty("of_ours", static_cast<int>(library_allocations - before));
  RecordProperty("in_all", static_cast<int>(allocations - before_in_all));
  // Every 500 KiB or so the window is opened again, by a frame of its own.
  EXPECT_LE(library_allocations - before, 20);
  // The rest is OpenSSL's, for the headers of records. Its buffers it keeps, as no other connection is used.
  EXPECT_LE(allocations - before_in_all, 4 * 1000 + 20);
  link->close();
}

void expect_idle_connections_to_be_small(bool over_http2) {
  constexpr int count = 20;
  // From 3.5 on OpenSSL keeps the key of the handshake's post-quantum exchange, 13 KiB, as long as the
  // connection.
  constexpr long alone = OPENSSL_VERSION_NUMBER >= 0x30500000L ? 73 : 60;
  // From 3.2 on each session keeps its buffers: OpenSSL can't be told to give them up without danger.
  const long buffers = over_http2 && OPENSSL_VERSION_NUMBER >= 0x30200000L ? 21 : 0;
  const long most = (alone + buffers) * 1024;
  scripted_server server{over_http2 ? http2_server() : connection_run::good_server(),
                         {over_http2 ? answer_all_streams : answer_all}};
  asio::io_context io{1};
  const auto gate = std::make_shared<serial_gate>(false);
  const auto end =
      make_endpoint(io.get_executor(), gate, connection_run::settings_for(server.port(), "127.0.0.1"));
  counter observer;
  observer.over_http2 = over_http2;
  std::vector<std::shared_ptr<connection>> links;
  const auto dial_and_mint = [&] {
    links.push_back(std::make_shared<connection>(io.get_executor(), gate, end, 1, observer));
    observer.link = links.back().get();
    links.back()->connect(connection_run::patience, connection_run::patience);
    const int wanted = observer.connected + 1;
    while (observer.connected < wanted && io.run_one_for(connection_run::patience) != 0) continue;
    mint(io, observer, 2);
  };
  dial_and_mint();
  const long before = bytes_held;
  for (int i = 0; i < count; ++i) dial_and_mint();
  EXPECT_LE((bytes_held - before) / count, most);
  testing::Test::RecordProperty("bytes_per_connection", static_cast<int>((bytes_held - before) / count));
  for (const auto& link : links) link->close();
}

TEST(ConnectionMemory, an_idle_connection_holds_60_kib_at_most) {
  expect_idle_connections_to_be_small(false);
}

TEST(ConnectionMemory, an_idle_connection_of_http2_does_too) {
  if (!speaks_http2()) GTEST_SKIP() << "built without HTTP/2";
  expect_idle_connections_to_be_small(true);
}

}  // namespace
}  // namespace ephemint::net

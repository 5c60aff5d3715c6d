// How often the path of every mint allocates, and what it leaves in freed memory.

#include "codec/reply.hpp"
#include "codec/request.hpp"
#include "net/dial/tunnel_negotiation.hpp"
#include "reply_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace {

std::size_t allocations = 0;
// While watching for a text: how many blocks held it when they were freed.
std::string_view watched;
std::size_t leaks = 0;

void look_into(const void* memory, std::size_t size) {
  const std::string_view text{static_cast<const char*>(memory), size};
  if (!watched.empty() && text.find(watched) != text.npos) ++leaks;
}

constexpr std::size_t header = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  auto* memory = static_cast<char*>(std::malloc(size + header));
  if (!memory) return nullptr;
  std::memcpy(memory, &size, sizeof size);
  std::memset(memory + header, 0, size);
  return memory + header;
}
void* operator new[](std::size_t size, const std::nothrow_t& how) noexcept {
  return ::operator new(size, how);
}
void* operator new(std::size_t size) {
  if (void* memory = ::operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc{};
}
void* operator new[](std::size_t size) { return ::operator new(size); }

void operator delete(void* memory) noexcept {
  if (!memory) return;
  char* const begin = static_cast<char*>(memory) - header;
  std::size_t size = 0;
  std::memcpy(&size, begin, sizeof size);
  look_into(memory, size);
  std::free(begin);
}
void operator delete[](void* memory) noexcept { ::operator delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { ::operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { ::operator delete(memory); }

namespace ephemint {

using namespace detail;

namespace {

using namespace testing_support;

std::unique_ptr<reply_reader> new_reader() {
  return std::make_unique<reply_reader>(redirect_policy{{"dashboard.shipengine.com"}, ""});
}

TEST(Memory, first_good_reply_takes_one_allocation) {
  const auto reader = new_reader();
  const padded_reply good{200, good_body()};
  const auto before = allocations;
  const auto understood = reader->read(good.reply, {}, {});
  const auto taken = allocations - before;
  EXPECT_EQ(understood.verdict, reply_verdict::minted);
  EXPECT_EQ(taken, 1u);
}

TEST(Memory, request_takes_no_allocation) {
  request_writer requests{"h", "/", secret{"key"}, "agent"};
  const auto before = allocations;
  (void)requests.write("se-1");
  EXPECT_EQ(allocations, before);
}

TEST(Memory, token_is_wiped_wherever_it_was) {  // behaviours: X4
  auto reader = new_reader();
  {
    const padded_reply good{200, good_body()};
    const padded_reply refused{200, good_body(R"(,"errors":[{}])")};
    watched = token;
    leaks = 0;
    (void)reader->read(refused.reply, {}, {});
    EXPECT_EQ(leaks, 0u);
    (void)reader->read(good.reply, {}, {});
    reader.reset();
    EXPECT_EQ(leaks, 0u);
    watched = {};  // the replies themselves are the test's
  }
}

TEST(Memory, key_is_wiped) {  // behaviours: X4
  watched = "planted_key";
  leaks = 0;
  {
    const secret key{"planted_key"};
    request_writer requests{"h", "/", key, "agent"};
    (void)requests.write("se-1");
    request_writer moved = std::move(requests);
    moved = request_writer{"h", "/", key, "agent"};
    secret replaced{"planted_key"};
    replaced = secret{"another"};
  }
  watched = {};
  EXPECT_EQ(leaks, 0u);
}

TEST(Memory, credentials_of_a_proxy_are_wiped_as_they_are_and_as_they_are_sent) {  // behaviours: X4, Y1
  for (const std::string_view text : {"planted:hunter2", "cGxhbnRlZDpodW50ZXIy"}) {
    watched = text;
    leaks = 0;
    {
      const auto credentials = std::make_shared<const secret>("planted:hunter2");
      net::tunnel_negotiation said{{.host = "proxy.test", .port = 3128, .credentials = credentials},
                                   "api.test:443"};
      EXPECT_NE(said.request().find("cGxhbnRlZDpodW50ZXIy"), std::string_view::npos);
      const std::string_view echo = "HTTP/1.1 407 No\r\nX: planted:hunter2, cGxhbnRlZDpodW50ZXIy\r\n\r\n";
      std::ranges::copy(echo, said.room().data());
      said.commit(echo.size());
    }
    watched = {};
    EXPECT_EQ(leaks, 0u) << text;
  }
}

}  // namespace
}  // namespace ephemint

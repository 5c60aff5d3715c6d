// How much memory a reply may take, whatever a server sends. Apart from the other tests: it replaces the
// global operator new.
#include "support/client_run.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <ostream>

#include <malloc.h>

namespace {

// Of this thread only: the sandbox's are not ours.
thread_local long live_bytes = 0;
thread_local long most_bytes = 0;

void* taken(void* memory) noexcept {
  if (memory == nullptr) return nullptr;
  live_bytes += static_cast<long>(::malloc_usable_size(memory));
  most_bytes = std::max(most_bytes, live_bytes);
  return memory;
}

void give_back(void* memory) noexcept {
  if (memory != nullptr) live_bytes -= static_cast<long>(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* memory = taken(std::malloc(size))) return memory;
  throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return taken(std::malloc(size)); }
// All forms are replaced: the standard library's other forms call these, but not under AddressSanitizer.
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return taken(std::malloc(size)); }
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { give_back(memory); }
void operator delete[](void* memory) noexcept { give_back(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { give_back(memory); }

namespace ephemint::test {
namespace {

struct reply_size {
  const char* name;
  std::string fault;
  const char* outcome;
};

std::string many_fields(int n) {
  std::string fault = "raw=\"HTTP/1.1 200 OK\\r\\n";
  for (int i = 0; i < n; ++i) fault += "F" + std::to_string(i) + ": x\\r\\n";
  return fault + "Content-Length: 2\\r\\n\\r\\n{}\"";
}

std::string endless_error(int entries) {
  std::string text = R"({"request_id":"00000000-0000-4000-8000-000000000000","errors":[)";
  for (int i = 0; i < entries; ++i)
    text += std::string{i > 0 ? "," : ""} +
            R"({"error_source":"x","error_type":"y","error_code":"z","message":")" + std::string(60, 'm') +
            "\"}";
  text += "]}";
  std::string quoted;
  for (const char c : text) quoted += c == '"' ? std::string{"\\\""} : std::string{c};
  return "status=400,text=\"" + quoted + '"';
}

std::ostream& operator<<(std::ostream& out, const reply_size& r) { return out << r.name; }

class ReplyMemory : public ::testing::TestWithParam<reply_size> {};

/// The most memory that a mint used, beyond that of a client with a warm connection, and how much it left.
struct taken_by_a_mint {
  std::string outcome;
  long most = 0;
  long left = 0;  ///< of the first
  long more = 0;  ///< left by further ones
};

taken_by_a_mint measure(const sandbox::server& api) {
  taken_by_a_mint t;
  auto options = options_for(api);
  options.max_attempts = 1;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    for (int i = 0; i < 2; ++i) {
      const auto usual = co_await c.mint({.account = "se-usual"});
      EXPECT_EQ(name_of(usual), "minted");
    }
    const long before = most_bytes = live_bytes;
    for (int i = 0; i < 4; ++i) {
      {
        const auto looked_at = co_await c.mint({.account = "se-1"});
        t.outcome = name_of(looked_at);
        t.most = std::max(t.most, most_bytes - before);
      }
      const auto usual = co_await c.mint({.account = "se-usual"});
      EXPECT_EQ(name_of(usual), "minted");
      (i == 0 ? t.left : t.more) = live_bytes - before;
    }
    t.more -= t.left;
  });
  return t;
}

// behaviours: I6, F6, F10
TEST_P(ReplyMemory, is_bounded_whatever_comes) {
  const sandbox::server api{faulty({"account=se-1," + GetParam().fault})};
  const auto took = measure(api);
  EXPECT_EQ(took.outcome, GetParam().outcome);
  // The wire's own limit, doubled while its buffer grows, and the JSON parser's tables for a body of 64 KiB.
  EXPECT_LT(took.most, 1024 * 1024);
  // The client's one parser keeps its tables, and no second reply adds to them.
  EXPECT_LT(took.left, 1024 * 1024);
  EXPECT_LT(took.more, 4 * 1024);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ReplyMemory,
    ::testing::Values(
        reply_size{"usual", "delay=1ms", "minted"},
        reply_size{"head_near_the_limit", "header_padding=15000", "minted"},
        reply_size{"head_beyond_it", "header_padding=20000", "bad_response"},
        reply_size{"head_far_beyond_it", "header_padding=10000000", "bad_response"},
        reply_size{"fields_at_the_limit", many_fields(99), "bad_response"},
        reply_size{"fields_beyond_it", many_fields(5'000), "bad_response"},
        reply_size{"body_near_the_limit", "body_padding=64000", "minted"},
        reply_size{"body_near_the_limit_in_chunks", "body_padding=64000,chunked", "minted"},
        reply_size{"body_beyond_it", "body_padding=70000", "bad_response"},
        reply_size{"body_far_beyond_it_in_chunks", "body_padding=10000000,chunked", "bad_response"},
        reply_size{"body_far_beyond_it_until_close", "body_padding=10000000,until_close", "bad_response"},
        reply_size{"interim_replies_at_the_limit", "interim=8", "minted"},
        reply_size{"interim_replies_without_end", "interim=10000", "bad_response"},
        reply_size{"surplus_without_end", "extra=\"" + std::string(1'000'000, 'x') + '"', "minted"},
        reply_size{"errors_near_the_limit", endless_error(400), "rejected"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ephemint::test

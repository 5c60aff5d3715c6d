// Any bytes from an HTTP/1.1 server: the same replies and the same error whether they come whole, byte by
// byte or in odd pieces; within bounds, and the messages have our own text.
//
// Input: a byte that gives the pieces' size, its upper two bits how the connection ends, then what the server
// says.

#include "fuzz/bytes.hpp"
#include "net/wire/http1/http1_wire.hpp"
#include "net/wire/reply_limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace ephemint;
using namespace ephemint::net;
using fuzz::require;
using news = wire::news;

constexpr detail::prepared_request request{"POST / HTTP/1.1\r\n\r\n"};

/// The outcome of one request.
struct outcome {
  std::string said;
  std::size_t used = 0;  ///< up to the reply's end
  bool replied = false;
};

std::string said_of(const detail::http_reply& reply) {
  require(reply.status >= 200 && reply.status <= 999);
  require(reply.body.size() <= reply_limits::body);
  require(reply.body_fault.empty() || reply.body.empty());
  std::string all = std::to_string(reply.status);
  for (const auto text :
       {reply.body, reply.body_fault, reply.content_type, reply.request_id, reply.retry_after, reply.date})
    all.append(1, '\n').append(text);
  if (reply.keep_alive) all.append(1, '\n').append(std::to_string(reply.keep_alive->count()));
  return all;
}

std::string said_of(const failure& why) {
  const std::string_view text = why.message.view();
  require(!text.empty() && text.size() <= 256 && fuzz::is_clean(text));
  return std::string{text};
}

/// Reads bytes until the request under way has its answer, or there is an error.
outcome read(http1_wire& spoken, std::string_view bytes, std::size_t piece, unsigned how_it_ends) {
  outcome now;
  news known = news::none;
  while (known == news::none && now.used < bytes.size()) {
    const auto room = spoken.room();
    const std::size_t size = std::min({room.size(), piece, bytes.size() - now.used});
    require(size != 0);
    std::copy_n(bytes.data() + now.used, size, room.data());
    now.used += size;
    known = spoken.commit(size);
    require(now.used <= reply_limits::bytes + piece);
  }
  if (known == news::none && how_it_ends != 0) known = spoken.end(how_it_ends == 1, "the end");
  if (known == news::none) return now;
  wire::note told;
  if (known != news::refused && spoken.next(told) == news::some) {
    now.replied = true;
    now.said = said_of(told.reply);
    require(told.what == wire::note::kind::reply && told.attempt == 1);
    require(spoken.out() == 0);
    spoken.forget_reply();
  } else {
    now.said = said_of(spoken.problem());
  }
  return now;
}

/// The replies one after the other, byte by byte, then in other pieces, and whole.
void compare(std::string_view bytes, std::size_t piece, unsigned how_it_ends, clock::duration idle) {
  const std::string host = "api.test";
  http1_wire slow{host}, cut{host};
  for (int requests = 0; requests < 8; ++requests) {
    slow.submit(1, request, idle);
    const outcome bytewise = read(slow, bytes, 1, how_it_ends);
    if (requests == 0) {  // bytes after a reply make it the last one, but don't change it
      http1_wire at_once{host};
      at_once.submit(1, request, idle);
      const outcome whole = read(at_once, bytes, bytes.size() + 1, how_it_ends);
      // Nor is a 408, on a connection that had rested, one that closes it.
      const bool closes = idle != clock::duration{} && bytewise.said.starts_with("408");
      require(whole.said == bytewise.said || closes);
    }
    cut.submit(1, request, idle);
    const outcome oddly = read(cut, bytes.substr(0, bytewise.used), piece, how_it_ends);
    require(oddly.said == bytewise.said && oddly.used == bytewise.used);
    if (!bytewise.replied || bytewise.used == bytes.size()) return;
    bytes.remove_prefix(bytewise.used);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::size_t piece = 1 + data[0] % 64;
  compare(bytes, piece, data[0] / 64 % 3,
          data[0] / 64 == 3 ? std::chrono::seconds{2} : std::chrono::seconds{0});
  return 0;
}

// Any bytes from the sandbox's client over HTTP/1.1: the same requests and the same end in whatever pieces
// they come, within bounds, and each request has an answer.
//
// Input: a byte that gives the pieces' size, then what the client says.

#include "api.hpp"
#include "fuzz/bytes.hpp"
#include "limits.hpp"
#include "request_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace ephemint::sandbox;
using ephemint::fuzz::require;
using state = request_reader::state;

using message = decltype(std::declval<request_reader>().asked());

std::string seen(message asked) {
  std::string all{asked.method_string()};
  all.append(1, ' ').append(asked.target()).append(1, ' ').append(std::to_string(asked.version()));
  for (const auto& field : asked)
    all.append(1, '\n').append(field.name_string()).append(1, ':').append(field.value());
  return all;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

void check_answer(message asked) {
  static api answers{{}, 443};
  const exchange planned = answers.answer({.method = view(asked.method_string()),
                                           .target = view(asked.target()),
                                           .host = view(asked["Host"]),
                                           .api_key = view(asked["API-Key"]),
                                           .api_keys = asked.count("API-Key"),
                                           .account = view(asked["On-Behalf-Of"]),
                                           .accounts = asked.count("On-Behalf-Of"),
                                           .keep_alive = asked.keep_alive()},
                                          clock::time_point{}, wall_clock::time_point{});
  require(planned.wire.starts_with("HTTP/1.1 ") && planned.status >= 200 && planned.status < 600);
  // Whatever the request was, the answer has one header.
  const std::string head = planned.wire.substr(0, planned.wire.find("\r\n\r\n"));
  for (const char c : head) require(c == '\r' || c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

/// The requests one after the other, and `garbage` if that is the end.
std::vector<std::string> read(std::string_view bytes, std::size_t piece, bool answered) {
  request_reader reader;
  std::vector<std::string> all;
  std::string unread;
  while (true) {
    unread.erase(0, reader.put(unread));
    if (reader.now() == state::garbage) return all.emplace_back("garbage"), all;
    if (reader.now() == state::complete) {
      require(seen(reader.asked()).size() <= header_limit);
      all.push_back(seen(reader.asked()));
      if (answered) check_answer(reader.asked());
      reader.next();
      continue;
    }
    if (bytes.empty()) return all;
    const std::string_view next = bytes.substr(0, piece);
    unread += next;
    bytes.remove_prefix(next.size());
    require(unread.size() <= 3 * body_limit + piece);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 256 * 1024) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto cut = read(bytes, 1 + data[0] % 64, true);
  require(cut == read(bytes, 1, false));
  require(cut == read(bytes, bytes.size() + 1, false));
  return 0;
}

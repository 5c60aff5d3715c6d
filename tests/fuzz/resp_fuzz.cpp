// Any bytes as a server's replies are read without a crash, with the same result however they are split, and
// never take more memory than the limits allow. Any words that are written as a command are read back as the
// same words.
//
// Input: a byte that gives the pieces' size, then what the server says.

#include "codec/resp.hpp"
#include "codec/store_address.hpp"
#include "codec/store_error.hpp"
#include "fuzz/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint::redis;
using ephemint::fuzz::require;
using kind = resp_value::kind;

struct read_all {
  std::string said;  ///< of all replies
  std::string problem;
};

void append(std::string& out, const resp_value& value, std::size_t depth) {
  require(depth <= resp_reader::deepest);
  require(value.elements.size() <= resp_reader::most_elements);
  require(value.text.size() <= resp_reader::longest_reply);
  require(value.what == kind::array || value.elements.empty());
  out += static_cast<char>('0' + static_cast<int>(value.what));
  out += std::to_string(value.integer) + ' ' + value.text + '(';
  for (const resp_value& each : value.elements) append(out, each, depth + (each.what == kind::array ? 1 : 0));
  out += ')';
}

void check_error(const resp_value& value) {
  if (value.what != kind::error) return;
  const store_error error = read_error(value.text, "EVALSHA");
  require(error.message.size() <= 256);
  require(std::ranges::none_of(error.message, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  if (const auto address = redirected_to(error.elsewhere, "localhost"))
    require(address->port != 0 && address->host.size() <= 254);
}

read_all read(std::string_view bytes, std::size_t piece) {
  resp_reader reader;
  read_all all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    while (const auto reply = reader.next()) {
      append(all.said, *reply, 1);
      check_error(*reply);
    }
  }
  all.problem = reader.problem();
  return all;
}

/// Writes a command whose words are the lines of `text`, and reads it back.
void write(std::string_view text) {
  std::vector<std::string_view> words;
  while (words.size() < 16) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    words.push_back(text.substr(0, end));
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  resp_reader reader;
  reader.feed(resp_command(words).reveal());
  const auto read = reader.next();
  require(read && read->what == kind::array);
  require(std::ranges::equal(read->elements, words, {}, &resp_value::text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::size_t piece = 1 + data[0] % 64;
  const read_all one = read(bytes, piece), other = read(bytes, 4096);
  require(one.said == other.said);
  require(one.problem.empty() == other.problem.empty());
  if (bytes.size() < resp_reader::longest_reply / 2) write(bytes);
  return 0;
}

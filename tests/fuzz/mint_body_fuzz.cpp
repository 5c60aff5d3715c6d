// Any bytes as the body of a sidecar's request are read without a crash. A body that is accepted is within
// the rules. The message about any other is short, and the text for the log is only our own. Any bytes that
// are written as JSON give one line; reading it gives the same bytes back, if they are UTF-8.

#include "faces/mint_body.hpp"
#include "fuzz/bytes.hpp"
#include "text/json_object.hpp"
#include "text/words.hpp"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace ephemint;
using namespace ephemint::gateway;
using ephemint::fuzz::require;

constexpr std::chrono::milliseconds longest{8'000};

/// Ours: a member's name and a rule, in ASCII.
void look_at(const bad_body& bad) {
  const std::string_view said{bad.what()};
  require(said.size() < 256);
  require(said.starts_with(bad.why()));
  for (const char c : bad.why()) require(c >= 0x20 && c < 0x7f);
}

void read_mint(std::string_view json) {
  try {
    const mint_body asked = read_mint_body(json, longest);
    require(asked.account.valid());
    require(!asked.deadline || (asked.deadline->count() >= 1 && *asked.deadline <= longest));
    require(asked.theme_id.empty() || is_theme_id(asked.theme_id));
  } catch (const bad_body& bad) {
    look_at(bad);
  }
}

void read_estimate(std::string_view json) {
  try {
    const priority urgency = read_estimate_body(json);
    require(urgency == priority::interactive || urgency == priority::background);
  } catch (const bad_body& bad) {
    look_at(bad);
  }
}

void write(std::string_view text) {
  const std::string line =
      std::move(json_object{}.text("text", text).number("size", std::ssize(text))).take();
  for (const char c : line) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  simdjson::dom::parser parser;
  simdjson::dom::element read;
  require(parser.parse(line).get(read) == simdjson::SUCCESS);
  std::string_view again;
  std::int64_t size = 0;
  require(read["text"].get(again) == simdjson::SUCCESS && read["size"].get(size) == simdjson::SUCCESS);
  require(size == std::ssize(text));
  require(again == text || !simdjson::validate_utf8(text.data(), text.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  read_mint(bytes);
  read_estimate(bytes);
  write(bytes);
  return 0;
}

// Any bytes as the body of a sidecar's request: read without a crash, and what is taken is what may be asked
// for; what is said of the rest is short, and for the log it is ours alone.

#include "faces/mint_body.hpp"
#include "text/words.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace ephemint;
using namespace ephemint::gateway;

constexpr std::chrono::milliseconds longest{8'000};

void require(bool holds) {
  if (!holds) std::abort();
}

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  read_mint(bytes);
  read_estimate(bytes);
  return 0;
}

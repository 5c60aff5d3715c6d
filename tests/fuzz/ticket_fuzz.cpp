// Any bytes as a login link's ticket: read without a crash, and a ticket without our signature is refused.
// Any claims with our signature: an accepted ticket is within the rules.
//
// Input: `w` and a whole ticket, or `s`, a header, a line feed, and claims, which are signed here.

#include "fuzz/bytes.hpp"
#include "support/signed_ticket.hpp"
#include "text/words.hpp"
#include "tickets/link_ticket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint;
using namespace std::chrono_literals;
using ephemint::fuzz::require;

constexpr gateway::wall_clock::time_point now{1'800'000'010s};
constexpr std::chrono::seconds max_age = 60s;

void check(const gateway::link_ticket& ticket) {
  require(ticket.account.valid());
  require(ticket.theme_id.empty() || gateway::is_theme_id(ticket.theme_id));
  require(ticket.id.size() >= 16 && ticket.id.size() <= 64);
  require(ticket.issued_at <= now + 5s);
  require(ticket.expires_at > ticket.issued_at && ticket.expires_at - ticket.issued_at <= max_age);
}

/// Whether it is signed with our only key.
void require_signed(std::string_view text) {
  const std::size_t last = text.rfind('.');
  require(last != text.npos &&
          text.substr(last + 1) == gateway::hs256(test::ticket_key, text.substr(0, last)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<gateway::link_key> keys = [] {
    std::vector<gateway::link_key> one;
    one.push_back({"k1", secret{test::ticket_key.reveal()}});
    return one;
  }();
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::size_t line = bytes.find('\n');
  const bool is_signed = data[0] == 's' && line != bytes.npos;
  const std::string text =
      is_signed ? test::signed_ticket(bytes.substr(0, line), bytes.substr(line + 1)) : std::string{bytes};

  const auto reading =
      gateway::read_ticket(text, keys, {.audience = "https://login.test", .max_age = max_age}, now);
  require(reading.ticket.has_value() != reading.fault.has_value());
  if (reading.ticket) check(*reading.ticket);
  const bool anybodys = reading.fault && reading.fault->what == gateway::ticket_fault::kind::refused;
  if (!anybodys) require_signed(text);
  if (reading.fault) require(!reading.fault->why.empty() && reading.fault->why.size() < 80);
  return 0;
}

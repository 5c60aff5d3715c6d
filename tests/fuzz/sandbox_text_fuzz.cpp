// Any text where the sandbox takes one: an accepted text is in its documented range, and the sandbox can
// answer with it; any other is refused with a printable message.
//
// Input: the text.

#include "api.hpp"
#include "check.hpp"
#include "fuzz/bytes.hpp"
#include "http2_peer.hpp"
#include "text.hpp"

#include <ephemint/sandbox/fault.hpp>
#include <ephemint/sandbox/rate_limit.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace ephemint::sandbox;
using ephemint::fuzz::require;

/// The result of `read`, unless it refuses the text.
template <class Read>
void try_reading(Read read) {
  try {
    read();
  } catch (const std::invalid_argument& wrong) {
    const std::string_view said{wrong.what()};
    require(!said.empty() && said.size() < 1024 && ephemint::fuzz::is_clean(said));
  }
}

/// An API with that fault answers, over both protocols.
void answer_by(const fault& what) {
  if (what.header_padding > 4096 || what.body_padding > 4096 || what.missing_bytes > 4096) return;
  server_options options{.api_key = "TEST_key"};
  options.faults.push_back(what);
  options.faults.front().skip = 0;
  options.faults.front().probability = 1;
  api answers{options, 443};
  const request asked{.method = "POST",
                      .target = "/v1/accounts/se-1/ephemeral-token?redirect=billing",
                      .host = "localhost",
                      .api_key = "TEST_key",
                      .api_keys = 1,
                      .account = "se-1",
                      .accounts = 1};
  const exchange said = answers.answer(asked, clock::time_point{}, wall_clock::time_point{});
  require(said.delay >= std::chrono::microseconds{0} && said.status < 600);
  if (!http2_is_built()) return;
  request over_http2 = asked;
  over_http2.stream = 1;
  const http2_exchange framed =
      answers.answer_http2(over_http2, clock::time_point{}, wall_clock::time_point{});
  require(framed.delay >= std::chrono::microseconds{0} && framed.status < 600);
}

void read_fault(std::string_view text) {
  const fault what = parse_fault(text);
  check(what);
  answer_by(what);
}

void read_limit(std::string_view text) {
  const rate_limit limit = parse_rate_limit(text);
  check(limit);
  limiter counts{limit};
  clock::time_point now{};
  for (int i = 0; i < 3; ++i) {
    const auto wait = counts.ask(now, "key", "se-1");
    if (!wait) continue;
    require(*wait > clock::duration::zero());
    const auto header = retry_after(limit, *wait);
    require(header && !header->empty());
    now += *wait;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8 * 1024) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try_reading([&] { read_fault(text); });
  try_reading([&] { read_limit(text); });
  try_reading([&] { require(parse_duration(text).count() >= 0); });
  try_reading([&] {
    const double chance = parse_probability(text);
    require(chance >= 0 && chance <= 1);
  });
  require(ephemint::fuzz::is_clean(in_quotes(text)) && in_quotes(text).size() < 80);
  require(ephemint::fuzz::is_clean(json_escaped(text)));
  require(html_escaped(text).find_first_of("<>\"") == std::string::npos);
  if (const auto plain = percent_decoded(text)) require(plain->size() <= text.size());
  return 0;
}

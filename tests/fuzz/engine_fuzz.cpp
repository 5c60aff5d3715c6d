// Any events in any order, as the input's bytes say. The engine's invariants are checked after each event.
//
// Input: decisions, two bytes each; the storm ends with them.

#include "fuzz/bytes.hpp"
#include "support/engine_storm.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ephemint;
  fuzz::decisions from{data, size};
  test::engine_storm storm{[&] { return from.next(); }, size};
  const std::string problem = storm.play([&](int step) { return step < 300 && from.left(); });
  if (!problem.empty()) std::fprintf(stderr, "%s\n", problem.c_str());
  fuzz::require(problem.empty());
  return 0;
}

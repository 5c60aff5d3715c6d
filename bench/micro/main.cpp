#include "common/versions.hpp"

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
  for (const auto& [name, value] : ephemint::bench::versions()) benchmark::AddCustomContext(name, value);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

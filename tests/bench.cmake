# The parts that compute the benchmarks' figures.
set(bench ${PROJECT_SOURCE_DIR}/bench)
ephemint_test(bench_unit_test
    SOURCES
        unit/bench_histogram_test.cpp
        unit/bench_open_loop_test.cpp
        unit/bench_schedule_test.cpp
        ${bench}/common/histogram.cpp
        ${bench}/harness/asio_minter.cpp
        ${bench}/harness/measurements.cpp
        ${bench}/harness/open_loop.cpp
        ${bench}/harness/schedule.cpp
    LIBRARIES fmt::fmt
    LABELS unit)
target_include_directories(bench_unit_test PRIVATE ${PROJECT_SOURCE_DIR} ${bench})

# The rate governor: its parts as tables, its properties, and the quota's world in virtual time.
add_executable(governor_test
    unit/burst_bucket_test.cpp
    unit/charge_log_test.cpp
    unit/key_gate_test.cpp
    unit/pause_gate_test.cpp
    unit/permit_table_test.cpp
    unit/quota_learner_test.cpp
    unit/rate_governor_property_test.cpp
    unit/rate_governor_test.cpp
    unit/reserve_test.cpp
    unit/waiting_line_test.cpp)
target_include_directories(governor_test PRIVATE ${PROJECT_SOURCE_DIR}/lib/src)
target_link_libraries(governor_test PRIVATE ephemint::ephemint ephemint_build_flags GTest::gtest_main)
gtest_discover_tests(governor_test)

add_library(quota_world STATIC
    support/quota_cases.cpp support/quota_server.cpp support/quota_strategies.cpp support/quota_world.cpp)
target_include_directories(quota_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/support PRIVATE ${PROJECT_SOURCE_DIR}/lib/src)
target_link_libraries(quota_world PUBLIC ephemint::ephemint PRIVATE ephemint_build_flags)

add_executable(quota_world_test unit/quota_world_test.cpp)
target_include_directories(quota_world_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(quota_world_test PRIVATE quota_world ephemint_build_flags GTest::gtest_main)
gtest_discover_tests(quota_world_test)

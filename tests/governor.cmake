# The rate governor and the key: their parts as tables, its properties, and the quota's world in virtual time.
ephemint_test(governor_test VIRTUAL_TIME
    SOURCES
        unit/burst_bucket_test.cpp
        unit/charge_log_test.cpp
        unit/credential_test.cpp
        unit/key_gate_test.cpp
        unit/key_guard_test.cpp
        unit/keys_in_use_test.cpp
        unit/pause_gate_test.cpp
        unit/permit_table_test.cpp
        unit/quota_learner_test.cpp
        unit/quota_state_test.cpp
        unit/quota_watch_test.cpp
        unit/rate_governor_property_test.cpp
        unit/rate_governor_line_test.cpp
        unit/rate_governor_test.cpp
        unit/reserve_test.cpp
        unit/time_test.cpp
        unit/waiting_line_test.cpp
    LABELS unit
    PRECOMPILED <gtest/gtest.h> <ephemint/rate_governor.hpp> <chrono> <memory> <string> <vector>)
ephemint_test(governor_threads_test SERIAL
    SOURCES unit/credential_threads_test.cpp unit/outage_guard_threads_test.cpp unit/rate_governor_threads_test.cpp
    LABELS threads)
# Apart from the others: they replace operator new.
ephemint_test(governor_memory_test VIRTUAL_TIME SOURCES unit/governor_memory_test.cpp LABELS unit)
ephemint_test(account_counts_test VIRTUAL_TIME SOURCES unit/account_counts_test.cpp LABELS unit)

add_library(quota_world STATIC
    support/quota_accounts.cpp
    support/quota_cases.cpp
    support/quota_engine.cpp
    support/quota_looking.cpp
    support/quota_network.cpp
    support/quota_server.cpp
    support/quota_store.cpp
    support/quota_strategies.cpp
    support/quota_world.cpp)
target_compile_options(quota_world PRIVATE ${ephemint_virtual_time_flags})
target_include_directories(quota_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/support PRIVATE ${PROJECT_SOURCE_DIR}/lib/client/src)
target_link_libraries(quota_world PUBLIC ephemint::ephemint PRIVATE ephemint_build_flags)

ephemint_test(quota_world_test VIRTUAL_TIME
    SOURCES
        unit/quota_hedge_test.cpp
        unit/quota_network_test.cpp
        unit/quota_refusals_test.cpp
        unit/quota_world_test.cpp
    LIBRARIES quota_world LABELS unit)

# The same with a store between the processes.
add_library(shared_quota_world STATIC
    support/quota_central.cpp
    support/shared_cases.cpp)
target_compile_options(shared_quota_world PRIVATE ${ephemint_virtual_time_flags})
target_include_directories(shared_quota_world PRIVATE ${PROJECT_SOURCE_DIR}/lib/client/src)
target_link_libraries(shared_quota_world PUBLIC quota_world PRIVATE ephemint_build_flags)
ephemint_test(quota_store_test VIRTUAL_TIME
    SOURCES unit/quota_store_test.cpp unit/shared_rivals_test.cpp LIBRARIES shared_quota_world LABELS unit)

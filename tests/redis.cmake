# ephemint::redis. Tests that need a store start a redis-server of their own, and are skipped if there is none.
add_library(ephemint_redis_server STATIC support/redis_server.cpp)
target_include_directories(ephemint_redis_server PUBLIC .)
target_link_libraries(ephemint_redis_server PUBLIC ephemint_hiredis GTest::gtest PRIVATE ephemint_build_flags)

ephemint_test(redis_server_test LABELS integration LIBRARIES ephemint_redis_server SOURCES integration/redis_server_test.cpp)

function(ephemint_redis_test name)
    ephemint_test(${name} ${ARGN})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib/redis/src)
    target_link_libraries(${name} PRIVATE ephemint::redis ephemint_redis_server ephemint_test_network OpenSSL::SSL)
endfunction()

ephemint_redis_test(redis_codec_test LABELS unit APART
    unit/resp_test.cpp
    unit/shared_quota_metrics_test.cpp
    unit/shared_quota_options_test.cpp
    unit/store_error_test.cpp
    unit/store_place_test.cpp
    unit/store_url_test.cpp)

ephemint_redis_test(redis_net_test LABELS threads SOURCES
    integration/store_client_test.cpp
    integration/store_server_test.cpp)

# A program of its own, as it replaces the allocators.
ephemint_redis_test(store_exhaustion_test LABELS integration LIBRARIES ${CMAKE_DL_LIBS} SOURCES
    integration/store_exhaustion_test.cpp support/failing_memory.cpp)

ephemint_redis_test(shared_quota_test LABELS threads LIBRARIES ephemint::sandbox SOURCES
    integration/shared_quota_test.cpp)

# The script, its port for simulations, and the script in a server whose clock is the test's.
add_library(quota_script STATIC
    support/quota_script_line.cpp
    support/quota_script_log.cpp
    support/quota_script_port.cpp)
target_include_directories(quota_script PUBLIC . ${PROJECT_SOURCE_DIR}/lib/redis/src ${PROJECT_SOURCE_DIR}/lib/client/src)
target_link_libraries(quota_script PUBLIC ephemint::redis PRIVATE ephemint_build_flags fmt::fmt)

ephemint_test(quota_script_port_test
    SOURCES integration/quota_script_port_test.cpp support/quota_script_store.cpp
    LIBRARIES quota_script ephemint_redis_server LABELS integration)
ephemint_test(quota_script_test
    SOURCES
        integration/quota_script_bounds_test.cpp
        integration/quota_script_fairness_test.cpp
        integration/quota_script_refusals_test.cpp
        integration/quota_script_test.cpp
        support/quota_script_store.cpp
    LIBRARIES quota_script ephemint_redis_server LABELS integration)
ephemint_test(quota_script_text_test SOURCES unit/quota_script_text_test.cpp LIBRARIES quota_script LABELS unit)

# Members of a shared quota in virtual time, against the script's port.
add_library(lease_world STATIC support/lease_world.cpp)
target_link_libraries(lease_world PUBLIC quota_script PRIVATE ephemint_build_flags)
target_compile_options(lease_world PRIVATE ${ephemint_virtual_time_flags})

ephemint_test(lease_property_test VIRTUAL_TIME SOURCES unit/lease_property_test.cpp LIBRARIES lease_world LABELS unit)
ephemint_test(lease_test VIRTUAL_TIME
    SOURCES unit/lease_book_test.cpp unit/lease_faults_test.cpp unit/shared_key_test.cpp
    APART unit/leasing_governor_test.cpp
    LIBRARIES lease_world LABELS unit)
# A program of its own, as it replaces the global operator new.
ephemint_test(leasing_governor_memory_test VIRTUAL_TIME
    SOURCES unit/leasing_governor_memory_test.cpp LIBRARIES quota_script LABELS unit)
ephemint_test(leasing_governor_threads_test SERIAL
    SOURCES unit/leasing_governor_threads_test.cpp LIBRARIES quota_script LABELS threads)

# The simulation of the quota in virtual time, for the figures of docs/guide/rate-limits.md.
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
target_include_directories(quota_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/support PRIVATE ${PROJECT_SOURCE_DIR}/lib/client/src)
target_link_libraries(quota_world PUBLIC ephemint::ephemint PRIVATE ephemint_build_flags)

ephemint_test(quota_world_test VIRTUAL_TIME
    SOURCES
        unit/quota_hedge_test.cpp
        unit/quota_network_test.cpp
        unit/quota_refusals_test.cpp
        unit/quota_world_test.cpp
    LIBRARIES quota_world LABELS unit)

# The same with processes that share the quota through a store.
add_library(shared_quota_world STATIC
    support/quota_central.cpp
    support/shared_cases.cpp)
target_include_directories(shared_quota_world PRIVATE ${PROJECT_SOURCE_DIR}/lib/client/src)
target_link_libraries(shared_quota_world PUBLIC quota_world PRIVATE ephemint_build_flags)
ephemint_test(quota_store_test VIRTUAL_TIME
    SOURCES unit/quota_store_test.cpp unit/shared_rivals_test.cpp LIBRARIES shared_quota_world LABELS unit)

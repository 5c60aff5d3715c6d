# ephemint::redis. Those that need a store start a redis-server of their own, and skip where there is none.
add_library(ephemint_redis_server STATIC support/redis_server.cpp)
target_include_directories(ephemint_redis_server PUBLIC .)
target_link_libraries(ephemint_redis_server PUBLIC ephemint_hiredis GTest::gtest PRIVATE ephemint_build_flags)

ephemint_test(redis_server_test LABELS integration LIBRARIES ephemint_redis_server SOURCES integration/redis_server_test.cpp)

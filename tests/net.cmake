# The connections' tests. Included by tests/CMakeLists.txt.

add_library(ephemint_test_network STATIC
    ${CMAKE_CURRENT_LIST_DIR}/support/scripted_server.cpp
    ${CMAKE_CURRENT_LIST_DIR}/support/test_authority.cpp)
target_include_directories(ephemint_test_network PUBLIC
    ${CMAKE_CURRENT_LIST_DIR}/support ${CMAKE_CURRENT_LIST_DIR}/../lib/src)
target_link_libraries(ephemint_test_network
    PUBLIC ephemint::ephemint ephemint_build_flags OpenSSL::SSL)

function(add_net_test name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE ephemint_test_network GTest::gtest_main)
    gtest_discover_tests(${name} TEST_PREFIX "net." DISCOVERY_TIMEOUT 60)
endfunction()

set(net_unit ${CMAKE_CURRENT_LIST_DIR}/unit)
add_net_test(net_tls_test ${net_unit}/tls_session_test.cpp ${net_unit}/authorities_test.cpp)
add_net_test(net_reply_test ${net_unit}/reply_parser_test.cpp)
add_net_test(net_address_test ${net_unit}/happy_eyeballs_test.cpp ${net_unit}/address_cache_test.cpp)

set(net_integration ${CMAKE_CURRENT_LIST_DIR}/integration)
add_net_test(net_connection_test
    ${net_integration}/connection_test.cpp ${net_integration}/dial_test.cpp ${net_integration}/resolver_test.cpp)
# Apart from the others: it replaces the allocators.
add_net_test(net_memory_test ${net_integration}/connection_memory_test.cpp)

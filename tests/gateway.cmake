# The gateway's parts, through their headers in lib/gateway/src: no socket, and time as an argument.
ephemint_test(gateway_unit_test
    SOURCES
        unit/gateway_account_limits_test.cpp
        unit/gateway_bearers_test.cpp
        unit/gateway_line_test.cpp
        unit/gateway_listening_test.cpp
        unit/gateway_log_line_test.cpp
        unit/gateway_login_link_test.cpp
        unit/gateway_login_pages_test.cpp
        unit/gateway_mint_body_test.cpp
        unit/gateway_options_test.cpp
        unit/gateway_own_host_test.cpp
        unit/gateway_problem_test.cpp
        unit/gateway_ticket_book_test.cpp
        unit/gateway_ticket_test.cpp
    LIBRARIES ephemint::gateway)

# Faces and sessions, with a client of their own against a sandbox.
ephemint_test(gateway_test
    SOURCES
        integration/gateway_admin_test.cpp
        integration/gateway_backend_test.cpp
        integration/gateway_login_test.cpp
        integration/gateway_server_test.cpp
        integration/gateway_session_test.cpp
        support/command.cpp
        support/metrics_text.cpp
        support/plain_http.cpp
    LABELS threads
    LIBRARIES ephemint::gateway ephemint::sandbox simdjson::simdjson)
foreach(program gateway_unit_test gateway_test)
    target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/lib/gateway/src)
endforeach()

add_executable(mint_body_fuzz fuzz/mint_body_fuzz.cpp fuzz/standalone_main.cpp)
target_include_directories(mint_body_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/lib/gateway/src)
target_link_libraries(mint_body_fuzz PRIVATE ephemint::gateway ephemint_build_flags)
add_test(NAME mint_body_fuzz COMMAND mint_body_fuzz ${CMAKE_CURRENT_LIST_DIR}/fuzz/corpus/mint_body)
set_tests_properties(mint_body_fuzz PROPERTIES LABELS fuzz)

# As reply_fuzz.
add_executable(ticket_fuzz fuzz/ticket_fuzz.cpp fuzz/standalone_main.cpp)
target_include_directories(ticket_fuzz PRIVATE ${CMAKE_CURRENT_LIST_DIR} ${PROJECT_SOURCE_DIR}/lib/gateway/src)
target_link_libraries(ticket_fuzz PRIVATE ephemint::gateway ephemint_build_flags)
add_test(NAME ticket_fuzz COMMAND ticket_fuzz ${CMAKE_CURRENT_LIST_DIR}/fuzz/corpus/ticket)
set_tests_properties(ticket_fuzz PROPERTIES LABELS fuzz)

add_executable(gateway_request_fuzz fuzz/gateway_request_fuzz.cpp fuzz/standalone_main.cpp)
target_include_directories(gateway_request_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/lib/gateway/src)
target_link_libraries(gateway_request_fuzz PRIVATE ephemint::gateway ephemint_build_flags)
add_test(NAME gateway_request_fuzz COMMAND gateway_request_fuzz ${CMAKE_CURRENT_LIST_DIR}/fuzz/corpus/gateway_request)
set_tests_properties(gateway_request_fuzz PROPERTIES LABELS fuzz)

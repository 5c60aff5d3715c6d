# The gateway's parts, through their headers in lib/gateway/src: no socket, and time as an argument.
ephemint_test(gateway_unit_test
    SOURCES
        unit/gateway_account_limits_test.cpp
        unit/gateway_bearers_test.cpp
        unit/gateway_line_test.cpp
        unit/gateway_listening_test.cpp
        unit/gateway_login_link_test.cpp
        unit/gateway_login_pages_test.cpp
        unit/gateway_mint_body_test.cpp
        unit/gateway_options_test.cpp
        unit/gateway_own_host_test.cpp
        unit/gateway_problem_test.cpp
        unit/gateway_request_reader_test.cpp
        unit/gateway_task_test.cpp
        unit/gateway_ticket_book_test.cpp
        unit/gateway_ticket_test.cpp
    APART unit/gateway_log_line_test.cpp
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

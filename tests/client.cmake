ephemint_test(client_test
    SOURCES
        integration/client_test.cpp
        integration/client_cancel_test.cpp
        integration/client_connections_test.cpp
        integration/client_error_facts_test.cpp
        integration/client_estimate_test.cpp
        integration/client_handlers_test.cpp
        integration/client_hedge_test.cpp
        integration/client_lifetime_test.cpp
        integration/client_observer_test.cpp
        integration/client_operations_test.cpp
        integration/client_outage_test.cpp
        integration/client_replies_test.cpp
        integration/client_rotation_test.cpp
        integration/client_sandbox_http2_test.cpp
        integration/client_stats_test.cpp
        integration/client_stream_test.cpp
        integration/client_threads_test.cpp
        integration/client_token_only_test.cpp
        unit/report_queue_test.cpp
    LIBRARIES ephemint::sandbox
    LABELS threads)
target_precompile_headers(client_test PRIVATE support/client_run.hpp <gmock/gmock.h>)
if(EPHEMINT_HTTP2)
    target_compile_definitions(client_test PRIVATE EPHEMINT_HTTP2)
endif()
# A program of its own, as it sets environment variables.
ephemint_test(client_proxy_test
    SOURCES integration/client_proxy_test.cpp
    LIBRARIES ephemint::sandbox ephemint_test_network
    LABELS integration)
if(EPHEMINT_HTTP2)
    target_compile_definitions(client_proxy_test PRIVATE EPHEMINT_HTTP2)
endif()
# A program of its own, as it replaces operator new.
ephemint_test(client_memory_test
    SOURCES integration/client_memory_test.cpp
    LIBRARIES ephemint::sandbox
    LABELS integration)
# A program of its own: thousands of calls at once.
ephemint_test(client_identity_test
    SOURCES integration/client_identity_test.cpp
    LIBRARIES ephemint::sandbox
    LABELS threads)
# A program of its own, as its getaddrinfo replaces the C library's.
ephemint_test(client_names_test
    SOURCES integration/client_names_test.cpp
    LIBRARIES ephemint::sandbox ephemint_test_network ${CMAKE_DL_LIBS}
    LABELS integration)
# A program of its own, as its socket calls replace the C library's.
ephemint_test(client_socket_faults_test
    SOURCES integration/client_socket_faults_test.cpp support/failing_sockets.cpp
    LIBRARIES ephemint::sandbox ${CMAKE_DL_LIBS}
    LABELS integration)
# Programs of their own, as they replace the allocators.
ephemint_test(client_soak_test
    SOURCES integration/client_soak_test.cpp support/failing_memory.cpp support/failing_sockets.cpp
    LIBRARIES ephemint::sandbox ${CMAKE_DL_LIBS}
    LABELS integration)
ephemint_test(client_reply_memory_test
    SOURCES integration/client_reply_memory_test.cpp
    LIBRARIES ephemint::sandbox
    LABELS integration)
# A program of its own, as it replaces the allocators.
ephemint_test(client_exhaustion_test
    SOURCES integration/client_exhaustion_test.cpp support/failing_memory.cpp
    LIBRARIES ephemint::sandbox
    LABELS integration)
# A program of its own, as it forks, and its clock and socket calls replace the C library's.
ephemint_test(client_process_test
    SOURCES
        integration/client_descriptors_test.cpp
        integration/client_fork_test.cpp
        integration/client_sleep_test.cpp
        unit/process_mark_test.cpp
        unit/test_process_test.cpp
        support/sleeping_clock.cpp
    LIBRARIES ephemint::sandbox ${CMAKE_DL_LIBS}
    LABELS integration)
if(EPHEMINT_HTTP2)
    target_compile_definitions(client_process_test PRIVATE EPHEMINT_HTTP2)
endif()
target_precompile_headers(client_process_test PRIVATE support/client_run.hpp <gmock/gmock.h>)
# A program of its own, as its getaddrinfo replaces the C library's.
ephemint_test(client_sick_nodes_test
    SOURCES integration/client_sick_nodes_test.cpp support/scripted_names.cpp
    LIBRARIES ephemint::sandbox ephemint_test_network
    LABELS threads)

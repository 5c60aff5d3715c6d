# The connections: framing, TLS, names and addresses in memory; whole connections against a scripted server.
add_library(ephemint_test_network STATIC
    support/frame_server.cpp
    support/http2_frames.cpp
    support/http2_header_decoder.cpp
    support/scripted_server.cpp
    support/test_authority.cpp
    support/test_proxy.cpp)
target_include_directories(ephemint_test_network PUBLIC support)
target_link_libraries(ephemint_test_network PUBLIC OpenSSL::SSL Threads::Threads PRIVATE ephemint_build_flags)

ephemint_test(http2_frames_test LABELS unit SOURCES unit/http2_frames_test.cpp LIBRARIES ephemint_test_network)
ephemint_test(net_reply_test LABELS unit SOURCES unit/http1_wire_test.cpp unit/reply_parser_test.cpp)
if(EPHEMINT_HTTP2)
    ephemint_test(net_http2_test
        LABELS unit
        LIBRARIES ephemint_test_network
        SOURCES unit/http2_memory_test.cpp unit/http2_reply_test.cpp unit/http2_wire_test.cpp)
    ephemint_test(net_http2_connection_test
        LABELS threads
        LIBRARIES ephemint_test_network
        SOURCES integration/http2_connection_test.cpp)
    # A program of its own, as it replaces the allocators.
    ephemint_test(net_http2_memory_test
        LABELS integration
        LIBRARIES ephemint_test_network
        SOURCES integration/http2_exhaustion_test.cpp support/failing_memory.cpp)
endif()
ephemint_test(net_tunnel_test LABELS unit SOURCES unit/tunnel_negotiation_test.cpp)
ephemint_test(net_address_test LABELS unit SOURCES unit/address_cache_test.cpp APART unit/happy_eyeballs_test.cpp)
ephemint_test(net_tls_test
    LABELS unit
    LIBRARIES ephemint_test_network
    SOURCES unit/authorities_test.cpp unit/tls_basis_test.cpp unit/tls_problem_test.cpp
    APART unit/tls_session_test.cpp)
ephemint_test(net_connection_test
    LABELS threads
    LIBRARIES ephemint_test_network
    SOURCES integration/connection_test.cpp integration/dial_test.cpp integration/dial_sick_test.cpp integration/proxy_test.cpp
            integration/resolver_test.cpp)
target_precompile_headers(net_connection_test PRIVATE support/connection_run.hpp <gtest/gtest.h>)
ephemint_test(net_gate_test LABELS threads SOURCES unit/gate_timer_test.cpp unit/serial_gate_test.cpp)
# A program of its own, as it replaces the allocators.
ephemint_test(net_memory_test
    LABELS integration
    LIBRARIES ephemint_test_network
    SOURCES integration/connection_memory_test.cpp)
ephemint_test(net_exhaustion_test
    LABELS integration
    LIBRARIES ephemint_test_network
    SOURCES integration/connection_exhaustion_test.cpp unit/authorities_memory_test.cpp support/failing_memory.cpp)

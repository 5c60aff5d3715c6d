# HTTP/2 against a server that writes its frames by hand, and against nginx.
add_library(ephemint_test_http2 STATIC support/http2_trial.cpp)
# The frames of its coroutines have types that are local to this file: g++ 12 warns of that in a file that includes it.
set_target_properties(ephemint_test_http2 PROPERTIES UNITY_BUILD OFF)
target_include_directories(ephemint_test_http2 PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(ephemint_test_http2
    PUBLIC ephemint::ephemint ephemint::sandbox ephemint_test_network GTest::gtest
    PRIVATE ephemint_build_flags)

ephemint_test(http2_hostile_test
    SOURCES
        integration/http2_hostile_cancel_test.cpp
        integration/http2_hostile_floods_test.cpp
        integration/http2_hostile_frames_test.cpp
        integration/http2_hostile_goaway_test.cpp
        integration/http2_hostile_handshake_test.cpp
        integration/http2_hostile_replies_test.cpp
        integration/http2_hostile_resets_test.cpp
        integration/http2_hostile_settings_test.cpp
        integration/http2_hostile_silence_test.cpp
    LIBRARIES ephemint_test_http2
    LABELS integration)
target_precompile_headers(http2_hostile_test PRIVATE support/http2_trial.hpp <gmock/gmock.h>)
ephemint_test(http2_client_test
    SOURCES
        integration/http2_client_test.cpp
        integration/http2_nginx_test.cpp
        support/command.cpp
        support/nginx.cpp
    LIBRARIES ephemint_test_http2
    LABELS integration)
target_precompile_headers(http2_client_test PRIVATE support/http2_trial.hpp <gmock/gmock.h>)
ephemint_test(http2_threads_test
    SOURCES integration/http2_threads_test.cpp
    LIBRARIES ephemint_test_http2
    LABELS threads)

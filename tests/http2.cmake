# HTTP/2 against a server that writes its frames by hand, and against nginx.
ephemint_test(http2_hostile_test UNITY
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
        support/http2_trial.cpp
    LIBRARIES ephemint::sandbox ephemint_test_network
    LABELS integration)
target_precompile_headers(http2_hostile_test PRIVATE support/http2_trial.hpp <gmock/gmock.h>)

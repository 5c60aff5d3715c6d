# Tests of the parts between bytes and meaning: secrets, errors, requests, replies, URLs, options.

ephemint_test(codec_test LABELS unit LIBRARIES fmt::fmt PRECOMPILED <gtest/gtest.h> <ephemint/error.hpp> <string> SOURCES
    unit/account_id_test.cpp
    unit/base_url_test.cpp
    unit/error_test.cpp
    unit/login_url_test.cpp
    unit/options_test.cpp
    unit/redirect_check_test.cpp
    unit/request_test.cpp
    unit/secret_test.cpp
    unit/untrusted_text_test.cpp
    APART unit/reply_test.cpp unit/retry_after_test.cpp)

# A program of its own, as it replaces the global operator new.
ephemint_test(codec_memory_test LABELS unit SOURCES unit/codec_memory_test.cpp)

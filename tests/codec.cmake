# Tests of the parts between bytes and meaning: secrets, errors, requests, replies, URLs, options.

ephemint_test(codec_test LABELS unit LIBRARIES fmt::fmt PRECOMPILED <gtest/gtest.h> <ephemint/error.hpp> <string> SOURCES
    unit/account_id_test.cpp
    unit/base_url_test.cpp
    unit/error_test.cpp
    unit/login_url_test.cpp
    unit/options_test.cpp
    unit/redirect_check_test.cpp
    unit/reply_test.cpp
    unit/request_test.cpp
    unit/retry_after_test.cpp
    unit/secret_test.cpp
    unit/untrusted_text_test.cpp)

# Apart from the others: it replaces the global operator new.
ephemint_test(codec_memory_test LABELS unit SOURCES unit/codec_memory_test.cpp)

# The fuzz target, driven over its seeds and mutations of them. With clang, -fsanitize=fuzzer takes the driver's place.
add_executable(reply_fuzz fuzz/reply_fuzz.cpp fuzz/standalone_main.cpp)
target_include_directories(reply_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/lib/client/src)
target_link_libraries(reply_fuzz PRIVATE ephemint::ephemint ephemint_build_flags)
add_test(NAME reply_fuzz COMMAND reply_fuzz ${CMAKE_CURRENT_LIST_DIR}/fuzz/corpus/reply)
set_tests_properties(reply_fuzz PROPERTIES LABELS fuzz)

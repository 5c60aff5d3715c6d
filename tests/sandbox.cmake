# The sandbox's own tests. Its parts are tested through their headers in lib/sandbox/src.
add_executable(sandbox_unit_test
    unit/sandbox_api_test.cpp
    unit/sandbox_counters_test.cpp
    unit/sandbox_fault_book_test.cpp
    unit/sandbox_fault_text_test.cpp
    unit/sandbox_http2_frames_test.cpp
    unit/sandbox_http2_reply_test.cpp
    unit/sandbox_jwt_test.cpp
    unit/sandbox_limiter_test.cpp
    unit/sandbox_login_page_test.cpp
    unit/sandbox_options_test.cpp
    unit/sandbox_reply_test.cpp
    unit/sandbox_request_reader_test.cpp
    unit/sandbox_text_test.cpp
    support/http2_frames.cpp)
if(EPHEMINT_HTTP2)
    target_sources(sandbox_unit_test PRIVATE unit/sandbox_http2_api_test.cpp unit/sandbox_http2_peer_test.cpp)
endif()
set_source_files_properties(unit/sandbox_limiter_test.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
target_include_directories(sandbox_unit_test PRIVATE ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/../lib/sandbox/src)
target_compile_definitions(sandbox_unit_test PRIVATE EPHEMINT_SANDBOX_GUIDE="${PROJECT_SOURCE_DIR}/docs/guide/sandbox.md")
target_compile_options(sandbox_unit_test PRIVATE -O0)
target_link_libraries(sandbox_unit_test PRIVATE ephemint::sandbox ephemint_build_flags GTest::gtest_main)
gtest_discover_tests(sandbox_unit_test)

# A real client against a real server, over TLS; shares no code with either.
add_executable(sandbox_test
    integration/sandbox_faults_test.cpp
    integration/sandbox_test.cpp
    integration/sandbox_tls_test.cpp
    support/blocking_client.cpp)
if(EPHEMINT_HTTP2)
    target_sources(sandbox_test PRIVATE
        integration/sandbox_http2_faults_test.cpp
        integration/sandbox_http2_test.cpp
        support/http2_client.cpp
        support/http2_frames.cpp
        support/http2_header_decoder.cpp)
endif()
target_include_directories(sandbox_test PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_compile_options(sandbox_test PRIVATE -O0)
target_link_libraries(sandbox_test PRIVATE ephemint::sandbox ephemint_build_flags OpenSSL::SSL GTest::gtest_main)
gtest_discover_tests(sandbox_test PROPERTIES LABELS threads)
add_dependencies(thread_tests sandbox_test)

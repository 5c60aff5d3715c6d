# Login links in a real browser, from a click in an application to the sandbox's portal. One program is one test: it starts
# one browser. Skipped where chromium, chromedriver or certutil isn't installed.
add_executable(browser_test
    browser/app_site.cpp
    browser/cancel_test.cpp
    browser/click_test.cpp
    browser/confirm_test.cpp
    browser/login_fixture.cpp
    browser/pages_test.cpp
    browser/portal_test.cpp
    browser/uninvited_test.cpp
    browser/waiting_test.cpp
    browser/web_driver.cpp
    support/blocking_client.cpp
    support/command.cpp)
target_include_directories(browser_test PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_compile_definitions(browser_test PRIVATE EPHEMINT_SCREENSHOTS="${PROJECT_BINARY_DIR}/browser")
target_compile_options(browser_test PRIVATE -O0)
target_link_libraries(browser_test PRIVATE
    ephemint::gateway ephemint::sandbox ephemint_build_flags
    fmt::fmt OpenSSL::SSL simdjson::simdjson GTest::gmock GTest::gtest_main)
add_test(NAME browser_test COMMAND browser_test)
set_tests_properties(browser_test PROPERTIES LABELS browser TIMEOUT 180 SKIP_REGULAR_EXPRESSION "is not installed")

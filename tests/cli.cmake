# The command's parts, through their headers in lib/cli.
if(EPHEMINT_BUILD_CLI)
    ephemint_test(cli_unit_test
        SOURCES
            integration/cli_plain_client_test.cpp
            unit/cli_account_feed_test.cpp
            unit/cli_demo_lane_test.cpp
            unit/cli_demo_picture_test.cpp
            unit/cli_demo_report_test.cpp
            unit/cli_log_output_test.cpp
            unit/cli_metrics_file_test.cpp
            unit/cli_mint_arguments_test.cpp
            unit/cli_output_test.cpp
            unit/cli_progress_test.cpp
            unit/cli_reader_pace_test.cpp
            unit/cli_result_lines_test.cpp
            unit/cli_tally_test.cpp
            unit/cli_text_test.cpp
            support/command.cpp
        APART
            unit/cli_account_lines_test.cpp
            unit/cli_arguments_test.cpp
            unit/cli_gateway_arguments_test.cpp
            unit/cli_values_test.cpp
        LIBRARIES ephemint_cli_parts
        PRECOMPILED <gtest/gtest.h> <ephemint/client_options.hpp> <chrono> <functional> <string> <vector>)

    # The program itself, against a sandbox in the test's process.
    ephemint_test(cli_test
        SOURCES
            integration/cli_gateway_drain_test.cpp
            integration/cli_gateway_test.cpp
            integration/cli_link_test.cpp
            integration/cli_metrics_test.cpp
            integration/cli_mint_test.cpp
            integration/cli_pipe_test.cpp
            integration/cli_proxy_test.cpp
            integration/cli_sandbox_test.cpp
            integration/cli_stream_test.cpp
            support/command.cpp
            support/metrics_text.cpp
            support/plain_http.cpp
        LIBRARIES ephemint::gateway ephemint::sandbox simdjson::simdjson ephemint_test_network)
    target_include_directories(cli_test PRIVATE ${PROJECT_SOURCE_DIR}/lib/gateway/src)
    target_compile_definitions(cli_test PRIVATE EPHEMINT_COMMAND="$<TARGET_FILE:ephemint_cli>"
        EPHEMINT_UNITS="${PROJECT_SOURCE_DIR}/lib/gateway/systemd")
    add_dependencies(cli_test ephemint_cli)

    # Man pages and completions, against `ephemint --help`.
    set(words ${CMAKE_CURRENT_LIST_DIR}/command_words)
    add_test(NAME command_words.check COMMAND ${words}/check $<TARGET_FILE:ephemint_cli> ${PROJECT_BINARY_DIR}/docs/man)
    add_test(NAME command_words.bash COMMAND ${words}/bash_completes)
    find_program(EPHEMINT_ZSH zsh)
    if(EPHEMINT_ZSH)
        add_test(NAME command_words.zsh COMMAND ${EPHEMINT_ZSH} ${words}/zsh_completes)
    endif()

    if(EPHEMINT_BUILD_REDIS)
        target_sources(cli_unit_test PRIVATE unit/cli_quota_store_test.cpp)
        target_link_libraries(cli_unit_test PRIVATE ephemint::redis)
        target_sources(cli_test PRIVATE integration/cli_quota_store_test.cpp)
        target_link_libraries(cli_test PRIVATE ephemint_redis_server)
    endif()
endif()

# Many processes in virtual time, by the real engine, the real governor and the script's port.
add_library(leased_quota_world STATIC support/quota_shared.cpp)
target_link_libraries(leased_quota_world PUBLIC shared_quota_world quota_script PRIVATE ephemint_build_flags)
ephemint_test(shared_quota_world_test VIRTUAL_TIME SOURCES unit/shared_quota_world_test.cpp LIBRARIES leased_quota_world LABELS unit)

# Runs processes of the command, a store and the sandbox; mostly waits, for three minutes.
if(EPHEMINT_BUILD_CLI)
    ephemint_test(shared_quota_processes_test
        SOURCES
            integration/shared_quota_processes_test.cpp
            support/command.cpp
            ${PROJECT_SOURCE_DIR}/bench/common/child_process.cpp
            ${PROJECT_SOURCE_DIR}/bench/quota/shared_checks.cpp
            ${PROJECT_SOURCE_DIR}/bench/quota/shared_processes.cpp
        LIBRARIES ephemint_redis_server ephemint::sandbox fmt::fmt LABELS integration)
    target_include_directories(shared_quota_processes_test PRIVATE ${PROJECT_SOURCE_DIR}/bench)
    target_compile_definitions(shared_quota_processes_test PRIVATE EPHEMINT_COMMAND="$<TARGET_FILE:ephemint_cli>")
    add_dependencies(shared_quota_processes_test ephemint_cli)
endif()

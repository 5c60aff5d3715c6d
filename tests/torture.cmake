# Faults of the machine. Each has a short form here; tests/torture/run --full runs everything.

# It replaces malloc, by glibc's own names for it, which sanitizers replace as well.
if(NOT EPHEMINT_SANITIZE AND EPHEMINT_BUILD_GATEWAY AND EPHEMINT_BUILD_REDIS)
    add_executable(memory_torture
        torture/memory/client_scenarios.cpp
        torture/memory/failing_malloc.cpp
        torture/memory/gateway_scenarios.cpp
        torture/memory/main.cpp
        torture/memory/store_scenarios.cpp
        torture/memory/trial.cpp
        torture/memory/world.cpp)
    target_include_directories(memory_torture PRIVATE ${CMAKE_CURRENT_LIST_DIR})
    target_link_libraries(memory_torture PRIVATE
        ephemint::gateway ephemint::redis ephemint::sandbox ephemint_redis_server ephemint_test_network
        ephemint_build_flags)
    if(EPHEMINT_HTTP2)
        target_compile_definitions(memory_torture PRIVATE EPHEMINT_HTTP2)
    endif()
    add_test(NAME memory_torture COMMAND memory_torture --stride 293)
    set_tests_properties(memory_torture PROPERTIES LABELS torture)
endif()

# Checks that very many mints, accounts, clients and logins leave no memory behind. The short form can't detect a small
# drift; client_soak_test counts allocations.
if(NOT EPHEMINT_SANITIZE AND EPHEMINT_BUILD_GATEWAY)
    add_executable(soak_torture torture/soak/main.cpp torture/memory/world.cpp)
    target_include_directories(soak_torture PRIVATE ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/torture)
    target_link_libraries(soak_torture PRIVATE
        ephemint::gateway ephemint::sandbox ephemint_test_network ephemint_build_flags)
    if(EPHEMINT_HTTP2)
        target_compile_definitions(soak_torture PRIVATE EPHEMINT_HTTP2)
    endif()
    add_test(NAME soak_torture
        COMMAND soak_torture --mints 6000 --accounts 60000 --clients 1200 --gateway-seconds 8)
    set_tests_properties(soak_torture PROPERTIES LABELS torture)
endif()

# A seeded schedule of faults over a batch with logins beside it. Linux has what it does to packets.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    add_executable(schedule_torture
        torture/schedule/api_process.cpp
        torture/schedule/lost_packets.cpp
        torture/schedule/main.cpp
        torture/schedule/oracle.cpp
        torture/schedule/own_network.cpp)
    target_include_directories(schedule_torture PRIVATE ${CMAKE_CURRENT_LIST_DIR})
    target_link_libraries(schedule_torture PRIVATE ephemint::ephemint ephemint::sandbox ephemint_build_flags)
    add_test(NAME schedule_torture COMMAND schedule_torture --seconds 20 --phase-ms 2500 --seed 1)
    set_tests_properties(schedule_torture PROPERTIES LABELS torture)
endif()

# The command alone, by scripts.
if(EPHEMINT_BUILD_CLI AND NOT EPHEMINT_SANITIZE)
    foreach(name calls machine)
        add_test(NAME ${name}_torture
            COMMAND ${CMAKE_CURRENT_LIST_DIR}/support/with_python ${CMAKE_CURRENT_LIST_DIR}/torture/${name} $<TARGET_FILE:ephemint_cli>)
        set_tests_properties(${name}_torture PROPERTIES LABELS torture SKIP_RETURN_CODE 77)
    endforeach()
endif()

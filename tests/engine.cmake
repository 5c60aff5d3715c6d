# The engine: its parts as tables, its rules one by one, and the whole in virtual time.
ephemint_test(engine_test VIRTUAL_TIME
    APART
        support/engine_run.cpp
        support/sick_nodes.cpp
        unit/address_book_test.cpp
        unit/admission_queue_test.cpp
        unit/engine_cancel_test.cpp
        unit/engine_dial_test.cpp
        unit/engine_fault_test.cpp
        unit/engine_hedge_test.cpp
        unit/engine_hour_test.cpp
        unit/engine_illness_test.cpp
        unit/engine_observer_test.cpp
        unit/engine_outage_test.cpp
        unit/engine_permitless_test.cpp
        unit/engine_pool_test.cpp
        unit/engine_property_test.cpp
        unit/engine_queue_test.cpp
        unit/engine_refusal_test.cpp
        unit/engine_retry_test.cpp
        unit/engine_room_property_test.cpp
        unit/engine_rotation_test.cpp
        unit/engine_shared_link_test.cpp
        unit/engine_sickness_test.cpp
        unit/engine_stale_test.cpp
        unit/engine_warm_up_test.cpp
        unit/engine_window_test.cpp
        unit/dial_rules_test.cpp
        unit/hedge_rules_test.cpp
        unit/link_table_test.cpp
        unit/outage_gate_test.cpp
        unit/outage_guard_test.cpp
        unit/sick_nodes_test.cpp
        unit/stream_window_test.cpp
        unit/retry_policy_test.cpp
        unit/token_window_test.cpp
        unit/wait_clock_test.cpp
    LABELS unit
    PRECOMPILED support/engine_run.hpp <gtest/gtest.h>)

ephemint_test(outage_world_test VIRTUAL_TIME
    SOURCES support/engine_run.cpp support/outage_world.cpp unit/outage_world_test.cpp
    LABELS unit)

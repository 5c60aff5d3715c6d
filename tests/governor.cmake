# The rate governor and the key: table tests of their parts, and property tests of the governor.
ephemint_test(governor_test VIRTUAL_TIME
    SOURCES
        unit/burst_bucket_test.cpp
        unit/charge_log_test.cpp
        unit/credential_test.cpp
        unit/key_gate_test.cpp
        unit/keys_in_use_test.cpp
        unit/permit_table_test.cpp
        unit/quota_learner_test.cpp
        unit/quota_state_test.cpp
        unit/quota_watch_test.cpp
        unit/rate_governor_property_test.cpp
        unit/rate_governor_line_test.cpp
        unit/rate_governor_test.cpp
        unit/reserve_test.cpp
        unit/time_test.cpp
        unit/waiting_line_test.cpp
    APART unit/key_guard_test.cpp unit/pause_gate_test.cpp
    LABELS unit
    PRECOMPILED <gtest/gtest.h> <ephemint/rate_governor.hpp> <chrono> <memory> <string> <vector>)
ephemint_test(governor_threads_test SERIAL
    SOURCES unit/credential_threads_test.cpp unit/outage_guard_threads_test.cpp unit/rate_governor_threads_test.cpp
    LABELS threads)
# Programs of their own, as they replace operator new.
ephemint_test(governor_memory_test VIRTUAL_TIME SOURCES unit/governor_memory_test.cpp LABELS unit)
ephemint_test(account_counts_test VIRTUAL_TIME SOURCES unit/account_counts_test.cpp LABELS unit)

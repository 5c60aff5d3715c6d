ephemint_test(client_test UNITY
    SOURCES
        integration/client_test.cpp
        integration/client_cancel_test.cpp
        integration/client_connections_test.cpp
        integration/client_replies_test.cpp
        integration/client_stream_test.cpp
        integration/client_threads_test.cpp
    LIBRARIES ephemint::sandbox
    LABELS threads)
target_precompile_headers(client_test PRIVATE support/client_run.hpp <gmock/gmock.h>)
# Apart from the others: it replaces operator new.
ephemint_test(client_memory_test
    SOURCES integration/client_memory_test.cpp
    LIBRARIES ephemint::sandbox
    LABELS integration)
# Apart from the others: it replaces the allocators.
ephemint_test(client_exhaustion_test
    SOURCES integration/client_exhaustion_test.cpp support/failing_memory.cpp
    LIBRARIES ephemint::sandbox
    LABELS integration)

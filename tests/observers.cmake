# Metrics and logs: their texts for reports that are made up, and for those of a real client.
ephemint_test(observers_test
    SOURCES
        support/command.cpp
        support/metrics_text.cpp
        unit/log_observer_test.cpp
        unit/observers_test.cpp
    APART unit/metrics_test.cpp
    LIBRARIES fmt::fmt
    LABELS unit)
ephemint_test(observers_threads_test
    SOURCES support/command.cpp support/metrics_text.cpp unit/observers_threads_test.cpp
    LABELS threads)
# A program of its own, as it replaces the global operator new.
ephemint_test(metrics_memory_test SOURCES unit/metrics_memory_test.cpp LABELS unit)
ephemint_test(client_metrics_test
    SOURCES integration/client_metrics_test.cpp support/command.cpp support/metrics_text.cpp
    LIBRARIES ephemint::sandbox
    LABELS integration)

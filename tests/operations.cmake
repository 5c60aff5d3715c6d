# docs/operations, with the library's series and those of a shared quota. Skipped if there is no Prometheus.
ephemint_test(operations_test
    SOURCES
        integration/operations_test.cpp
        support/blocking_client.cpp
        support/command.cpp
        support/metric_scrapes.cpp
        support/operations.cpp
        support/prometheus.cpp
    LIBRARIES ephemint::redis simdjson::simdjson OpenSSL::SSL
    LABELS integration)
target_compile_definitions(operations_test PRIVATE EPHEMINT_OPERATIONS="${PROJECT_SOURCE_DIR}/docs/operations")

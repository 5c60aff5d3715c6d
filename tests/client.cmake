ephemint_test(client_test SOURCES integration/client_test.cpp LIBRARIES ephemint::sandbox LABELS threads)

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(targets ephemint)
if(EPHEMINT_BUILD_SANDBOX)
    list(APPEND targets ephemint_sandbox)
endif()
install(TARGETS ${targets} EXPORT ephemint-targets FILE_SET HEADERS)
install(EXPORT ephemint-targets NAMESPACE ephemint:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ephemint)

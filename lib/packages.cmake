# Debian packages, by CPack: libephemint0.2, libephemint-dev, and ephemint, the command. docs/packaging says how they are made.
# They start nothing: their only scripts are CPack's, which call ldconfig.
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL runtime development command)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "Ephemint maintainers <maintainers@ephemint.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # the first line of each package's own description

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY >=)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The directories of our own libraries, which aren't in any package yet.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS)
foreach(part client sandbox redis gateway)
    list(APPEND CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib/${part})
endforeach()

set(soversion ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libephemint${soversion})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
# CPack's scripts run ldconfig, as dpkg once required; Debian's policy now demands a trigger.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/docs/packaging/debian/triggers)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "login tokens of the ShipStation API - shared libraries
Ephemint mints the ephemeral login tokens of the ShipStation API: within the
ten seconds that they live, and within the quota of the partner's key.
.
These are the client, the stand-in for the API, the gateway, and the quota
that machines share by Redis or Valkey.")

# Boost's executors are part of the library's binary interface: its users need the same release.
set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS runtime)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libephemint-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libboost${Boost_VERSION_MAJOR}.${Boost_VERSION_MINOR}-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "libfmt-dev, cmake, pkgconf | pkg-config")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "login tokens of the ShipStation API - development files
Ephemint mints the ephemeral login tokens of the ShipStation API: within the
ten seconds that they live, and within the quota of the partner's key.
.
These are the headers of its coroutine library for C++20 and Boost.Asio, and
what CMake and pkg-config want to know of it.")

set(CPACK_COMPONENT_COMMAND_DEPENDS runtime)
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME ephemint)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION net)
set(CPACK_DEBIAN_COMMAND_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_COMMAND_DESCRIPTION "login tokens of the ShipStation API - command and gateway
Ephemint mints the ephemeral login tokens of the ShipStation API: within the
ten seconds that they live, and within the quota of the partner's key.
.
This is the command: it mints for lists of accounts, serves logins to programs
in any language, and stands in for the API in tests. Units for systemd come
with it; none is enabled or started.")

# --- Further files that Debian requires ---

# Time stamps are that of the last commit, so that the same tree gives the same packages.
set(packaged_at "$ENV{SOURCE_DATE_EPOCH}")
if(packaged_at STREQUAL "")
    set(packaged_at 0)
endif()
execute_process(COMMAND env LC_ALL=C TZ=UTC date -R -u -d "@${packaged_at}"
    OUTPUT_VARIABLE changed_on OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(debian ${PROJECT_SOURCE_DIR}/docs/packaging/debian)
configure_file(${debian}/changelog.in debian-changelog @ONLY)
execute_process(COMMAND ${EPHEMINT_GZIP} -9n INPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/debian-changelog
    OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian.gz COMMAND_ERROR_IS_FATAL ANY)
foreach(component RUNTIME DEVELOPMENT COMMAND)
    string(TOLOWER ${component} name)
    set(to share/doc/${CPACK_DEBIAN_${component}_PACKAGE_NAME})
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian.gz DESTINATION ${to} COMPONENT ${name})
    install(FILES ${debian}/copyright DESTINATION ${to} COMPONENT ${name})
endforeach()

include(CPack)

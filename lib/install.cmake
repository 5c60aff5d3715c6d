# What is installed: the libraries with their headers, and how CMake (find_package) and pkg-config find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(installed_targets ephemint)
if(EPHEMINT_BUILD_SANDBOX)
    list(APPEND installed_targets ephemint_sandbox)
endif()
if(EPHEMINT_BUILD_GATEWAY)
    list(APPEND installed_targets ephemint_gateway)
endif()
if(EPHEMINT_BUILD_REDIS)
    list(APPEND installed_targets ephemint_redis)
endif()
install(TARGETS ${installed_targets} EXPORT ephemint-targets
    LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE COMPONENT development
    FILE_SET HEADERS COMPONENT development)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ephemint)
install(EXPORT ephemint-targets NAMESPACE ephemint:: DESTINATION ${package_dir} COMPONENT development)
set(ephemint_boost_components headers)
if(NOT BUILD_SHARED_LIBS)
    list(APPEND ephemint_boost_components url)
endif()
configure_package_config_file(ephemint-config.cmake.in ephemint-config.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Until 1.0 a minor version may change the face.
write_basic_package_version_file(ephemint-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ephemint-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/ephemint-config-version.cmake
    DESTINATION ${package_dir} COMPONENT development)

# --- pkg-config ---

# Paths relative to the .pc file, so that an installation can be moved.
function(pc_path variable path)
    if(IS_ABSOLUTE "${path}")
        set(${variable} "${path}" PARENT_SCOPE)
    else()
        set(${variable} "\${prefix}/${path}" PARENT_SCOPE)
    endif()
endfunction()
file(RELATIVE_PATH pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /)
string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${pc_prefix}")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
endif()
pc_path(pc_libdir "${CMAKE_INSTALL_LIBDIR}")
pc_path(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")

# Boost has no .pc files: its directories are listed unless the compiler finds them by itself.
set(pc_boost_cflags)
set(pc_boost_libs -lboost_url)
get_target_property(boost_include_dir Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
if(boost_include_dir AND NOT boost_include_dir IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    set(pc_boost_cflags " -I${boost_include_dir}")
endif()
get_target_property(boost_url_file Boost::url LOCATION)
get_filename_component(boost_url_dir "${boost_url_file}" DIRECTORY)
if(boost_url_dir AND NOT boost_url_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    set(pc_boost_libs "-L${boost_url_dir} -lboost_url")
endif()

# A shared library knows its own dependencies. Users of a static one must link them, even without `--static`.
function(install_pc name description library requires static_requires static_libs)
    get_target_property(type ${library} TYPE)
    set(libs)
    if(type STREQUAL "STATIC_LIBRARY")
        list(APPEND requires ${static_requires})
        set(libs " ${static_libs}")
    endif()
    list(JOIN requires ", " requires)
    configure_file(ephemint.pc.in ${name}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endfunction()

set(pc_requires "openssl >= 3.0" "simdjson >= 3.0" "fmt >= 9")
if(EPHEMINT_HTTP2)
    list(APPEND pc_requires libnghttp2)
endif()
install_pc(ephemint "${PROJECT_DESCRIPTION}" ephemint "" "${pc_requires}" "${pc_boost_libs} -pthread")
if(EPHEMINT_BUILD_SANDBOX)
    install_pc(ephemint-sandbox "A stand-in for the API that ephemint talks to, for tests" ephemint_sandbox
        "" "${pc_requires}" -pthread)
endif()
if(EPHEMINT_BUILD_GATEWAY)
    install_pc(ephemint-gateway "Logins for programs in any language, behind one key and its quota" ephemint_gateway
        ephemint "${pc_requires}" "${pc_boost_libs} -pthread")
endif()
if(EPHEMINT_BUILD_REDIS)
    install_pc(ephemint-redis "One quota for all machines that use a partner key, by Redis or Valkey" ephemint_redis
        ephemint hiredis "${pc_boost_libs}")
endif()

# An overlay port of the tree that it stands in: vcpkg install ephemint --overlay-ports=docs/packaging/vcpkg
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS features FEATURES
    http2 EPHEMINT_HTTP2
    redis EPHEMINT_BUILD_REDIS
    gateway EPHEMINT_BUILD_GATEWAY
    sandbox EPHEMINT_BUILD_SANDBOX)
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS ${features}
    -DEPHEMINT_BUILD_CLI=OFF -DEPHEMINT_BUILD_TESTS=OFF -DEPHEMINT_BUILD_EXAMPLES=OFF -DEPHEMINT_INSTALL=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/ephemint)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")

"""Ephemint's recipe for Conan 2: conan create docs/packaging/conan"""

import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy

required_conan_version = ">=2.0"


class EphemintConan(ConanFile):
    name = "ephemint"
    version = "0.2.0"
    description = "ShipStation API ephemeral login tokens, within their ten seconds"
    license = "MIT"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "with_http2": [True, False],
        "with_redis": [True, False],
        "with_gateway": [True, False],
        "with_sandbox": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "with_http2": True,
        "with_redis": True,
        "with_gateway": True,
        "with_sandbox": True,
    }
    implements = ["auto_shared_fpic"]

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..", "..")
        for pattern in ("CMakeLists.txt", "LICENSE", "lib/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # Boost's executors are part of the binary interface: users must have the same one.
        self.requires("boost/[>=1.81 <1.86 || >=1.87 <2]", transitive_headers=True)
        self.requires("openssl/[>=3.0 <4]")
        self.requires("simdjson/[>=3.0]")
        self.requires("fmt/[>=9]")
        if self.options.with_http2:
            self.requires("libnghttp2/[>=1.52]")
        if self.options.with_redis:
            self.requires("hiredis/[>=1.0]")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("Ephemint is built and tested on Linux only")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update(
            {
                "EPHEMINT_BUILD_CLI": False,
                "EPHEMINT_BUILD_TESTS": False,
                "EPHEMINT_BUILD_EXAMPLES": False,
                "EPHEMINT_INSTALL": True,
                "EPHEMINT_HTTP2": bool(self.options.with_http2),
                "EPHEMINT_BUILD_REDIS": bool(self.options.with_redis),
                "EPHEMINT_BUILD_GATEWAY": bool(self.options.with_gateway),
                "EPHEMINT_BUILD_SANDBOX": bool(self.options.with_sandbox),
            }
        )
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        # It brings its own ephemint-config.cmake.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append(os.path.join("lib", "cmake", "ephemint"))

# find_package(cop) gives cop::cop (deciding) and cop::cop-compile (compiling).
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(PSL REQUIRED IMPORTED_TARGET libpsl)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml)
include("${CMAKE_CURRENT_LIST_DIR}/cop-targets.cmake")

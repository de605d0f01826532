# Third-party packages, all from Debian 12. Those without a CMake config come through pkg-config.
find_package(CAF COMPONENTS core io openssl REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(RapidJSON REQUIRED)
find_package(doctest REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(toml11 REQUIRED)
find_package(date REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PISTACHE REQUIRED IMPORTED_TARGET libpistache)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(MARIADB REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(UUID REQUIRED IMPORTED_TARGET uuid)

# RapidJSON's package sets a variable only.
add_library(rapidjson INTERFACE)
target_include_directories(rapidjson SYSTEM INTERFACE ${RAPIDJSON_INCLUDE_DIRS})

# Pistache's inline code must be compiled as the library was; its .pc file does not say so.
add_library(pistache INTERFACE)
target_link_libraries(pistache INTERFACE PkgConfig::PISTACHE OpenSSL::SSL)
target_compile_definitions(pistache INTERFACE PISTACHE_USE_SSL)

# How our own targets are compiled: strict warnings, hardening, optional sanitizers.
add_library(pusher_options INTERFACE)
target_include_directories(pusher_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(pusher_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Woverloaded-virtual
  $<$<BOOL:${PUSHER_WERROR}>:-Werror>
  -fstack-protector-strong)
if(PUSHER_SANITIZE)
  # CAF's and libstdc++'s headers form null references, RapidJSON's offsets a null pointer, CAF's queues take their sentinel for an
  # element when they are empty (vptr); those reports are not ours.
  target_compile_options(pusher_options INTERFACE
    -fsanitize=${PUSHER_SANITIZE} -fno-sanitize=null,vptr $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=pointer-overflow>
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pusher_options INTERFACE -fsanitize=${PUSHER_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(pusher_options INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(pusher_options INTERFACE -Wl,-z,relro,-z,now)

# The node's allocator. A push costs some dozens of small allocations, that are freed by the thread that made them a moment
# later: jemalloc does with a tenth less of the node's CPU than glibc. Sanitizers bring their own.
add_library(pusher_allocator INTERFACE)
if(NOT PUSHER_SANITIZE)
  target_link_libraries(pusher_allocator INTERFACE PkgConfig::JEMALLOC)
endif()

# pusher_library(name SOURCES... LIBRARIES...): one of the top-level folders as a static library.
function(pusher_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LIBRARIES} PRIVATE pusher_options)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

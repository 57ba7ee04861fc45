# Cross-compiles with the zig compiler, which brings the headers and libraries of every target.
# Environment: PORT4ME_ZIG, the compiler; PORT4ME_ZIG_TARGET, its name of the target;
# PORT4ME_NODE_DEF, the folder of Node-API's .def files, for Windows.

set(ZIG "$ENV{PORT4ME_ZIG}")
set(ZIG_TARGET "$ENV{PORT4ME_ZIG_TARGET}")

if(ZIG_TARGET MATCHES "linux")
  set(CMAKE_SYSTEM_NAME Linux)
elseif(ZIG_TARGET MATCHES "macos")
  set(CMAKE_SYSTEM_NAME Darwin)
  # The linker of zig asks for no SDK.
  set(CMAKE_OSX_SYSROOT "")
  set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "zig's target says it" FORCE)
else()
  set(CMAKE_SYSTEM_NAME Windows)
endif()
string(REGEX MATCH "^[a-z0-9_]+" CMAKE_SYSTEM_PROCESSOR "${ZIG_TARGET}")

set(CMAKE_CXX_COMPILER "${ZIG}" c++ -target "${ZIG_TARGET}")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# The archivers of the host do for nothing but the static libraries of CMake's own trials.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# One translation unit for all, sections that nobody refers to left out, no paths of this machine.
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 0)
# (zig builds its own libraries as the flags say; for Windows they are twice as large with -O2.)
if(CMAKE_SYSTEM_NAME STREQUAL "Windows")
  set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG" CACHE STRING "")
else()
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "")
endif()
add_compile_options(
  -fstack-protector-strong
  -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
  "-ffile-prefix-map=${CMAKE_CURRENT_LIST_DIR}/../..=.")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  add_link_options(-Wl,--gc-sections -Wl,--build-id=none)
elseif(CMAKE_SYSTEM_NAME STREQUAL "Darwin")
  add_compile_options(-fvisibility-global-new-delete=force-hidden)
  add_link_options(
    -Wl,-dead_strip -Wl,-undefined,dynamic_lookup -Wl,-install_name,@rpath/port4me.node)
else()
  add_link_options(-Wl,--gc-sections)
endif()
set(PORT4ME_TOOLCHAIN_SOURCES "${CMAKE_CURRENT_LIST_DIR}/no_demangler.cc")
if(CMAKE_SYSTEM_NAME STREQUAL "Darwin")
  list(APPEND PORT4ME_TOOLCHAIN_SOURCES "${CMAKE_CURRENT_LIST_DIR}/new_delete_macos.cc")
elseif(CMAKE_SYSTEM_NAME STREQUAL "Windows")
  # Nothing is imported from node.exe: node_api_windows.cc says why, and looks up these functions.
  list(APPEND PORT4ME_TOOLCHAIN_SOURCES
    "${CMAKE_CURRENT_LIST_DIR}/no_unwinder_windows.cc"
    "${CMAKE_CURRENT_LIST_DIR}/stack_protector_windows.cc"
    "${CMAKE_CURRENT_LIST_DIR}/node_api_windows.cc")
  set(FUNCTIONS "")
  foreach(API js_native_api node_api)
    file(STRINGS "$ENV{PORT4ME_NODE_DEF}/${API}.def" NAMES REGEX "^(napi|node_api)_")
    list(APPEND FUNCTIONS ${NAMES})
  endforeach()
  list(REMOVE_DUPLICATES FUNCTIONS)
  list(TRANSFORM FUNCTIONS REPLACE "(.+)" "NODE_API_FUNCTION(\\1)\n")
  list(JOIN FUNCTIONS "" FUNCTIONS)
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/node_api_functions.inc" CONTENT "${FUNCTIONS}")
  include_directories("${CMAKE_BINARY_DIR}")
  # cmake-js says where libraries go; a DLL goes with the programs.
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}")
endif()

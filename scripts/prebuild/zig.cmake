# Cross-compiles with the zig compiler, which has the headers and libraries of every target.
# Variables: PORT4ME_ZIG is the compiler, PORT4ME_ZIG_TARGET its name of the target, and
# PORT4ME_NODE_DEF the folder of Node-API's .def files, for Windows.

set(ZIG "$ENV{PORT4ME_ZIG}")
set(ZIG_TARGET "$ENV{PORT4ME_ZIG_TARGET}")

if(ZIG_TARGET MATCHES "linux")
  set(CMAKE_SYSTEM_NAME Linux)
elseif(ZIG_TARGET MATCHES "macos")
  set(CMAKE_SYSTEM_NAME Darwin)
  # zig's linker does not need an SDK.
  set(CMAKE_OSX_SYSROOT "")
  set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "part of zig's target" FORCE)
else()
  set(CMAKE_SYSTEM_NAME Windows)
endif()
string(REGEX MATCH "^[a-z0-9_]+" CMAKE_SYSTEM_PROCESSOR "${ZIG_TARGET}")

set(CMAKE_CXX_COMPILER "${ZIG}" c++ -target "${ZIG_TARGET}")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# Only CMake's own checks create static libraries, so the archiver of this machine is good enough.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# All files are compiled as one, unused sections are left out, and no path of this machine gets in.
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 0)
# zig builds its own libraries with these flags too. With -O2 the files are up to a tenth larger on Linux and twice as
# large on Windows, and no question is answered faster: the time is spent in the system's calls.
set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG" CACHE STRING "")
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
  # node_api_windows.cc looks up the functions of Node-API, and says why they are not imported.
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
  # cmake-js sets the folder for libraries. CMake puts a DLL into the folder for programs.
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}")
endif()

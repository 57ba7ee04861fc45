// Finds the Node-API functions in the running program, whatever the name of its file is.
//
// An ordinary import names the file that has a function: node.exe. In Electron and in a single
// executable there is no such file. Windows then refuses the addon, or it maps a second node.exe,
// which never starts, and the process dies. MSVC's linker can delay imports, and cmake-js has a
// hook that redirects them. zig's linker has no delayed imports.
//
// The headers declare the functions as dllimport. A call of such a function goes through a pointer
// whose name is that of the function after `__imp_` ("PE Format" of Microsoft, import libraries).
// This file defines one pointer for each function of node-api-headers. The linker leaves out those
// that are not used.

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <cstddef>
#include <cstdint>

namespace {

struct Import {
  FARPROC address;
  char name[56];
};

// The linker joins sections whose names are the same before the `$`, and sorts them by the rest of
// their names ("PE Format", grouped sections).
#define IN_TABLE(place) __attribute__((section(".napi$" place)))

IN_TABLE("a") Import table_begin = {};
IN_TABLE("z") Import table_end = {};

}  // namespace

extern "C" {

// selectany puts each pointer into a section of its own, which the linker may leave out.
#define NODE_API_FUNCTION(function) \
  IN_TABLE("m") __attribute__((selectany)) Import __imp_##function = {nullptr, #function};
#include "node_api_functions.inc"
#undef NODE_API_FUNCTION

}  // extern "C"

namespace {

FARPROC Find(const char* function) {
  // The running program comes first. Then come the libraries that the delay-load hooks of node-gyp
  // and cmake-js look for: Node.js built as a library, and NW.js. No library is loaded here.
  static constexpr const char* kHosts[] = {nullptr, "libnode.dll", "node.dll", "nw.dll"};
  for (const char* file : kHosts) {
    const HMODULE host = GetModuleHandleA(file);
    if (host == nullptr) continue;
    if (const FARPROC address = GetProcAddress(host, function)) return address;
  }
  return nullptr;
}

bool FindAll() {
  // Without volatile the compiler could assume that there is nothing between the two objects.
  Import* const volatile begin = &table_begin;
  Import* const volatile end = &table_end;
  for (Import* import = begin + 1; import < end; ++import) {
    import->address = Find(import->name);
    if (import->address == nullptr) return false;
  }
  // The table becomes read-only, like the ordinary imports that the loader of the system fills. It
  // is a section, so it begins at a page.
  DWORD before;
  const auto size = reinterpret_cast<uintptr_t>(end) - reinterpret_cast<uintptr_t>(begin);
  return VirtualProtect(begin, size, PAGE_READONLY, &before) != 0;
}

}  // namespace

// If a function is missing, the addon fails to load with ERROR_DLL_INIT_FAILED.
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
  return reason != DLL_PROCESS_ATTACH || FindAll();
}

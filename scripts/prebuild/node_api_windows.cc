// Finds the Node-API functions in the running program, whatever its file is called.
//
// An ordinary import names the file that has a function: node.exe. In Electron and in a single
// executable, Windows then finds no such file and refuses the addon, or it maps a second node.exe,
// which never starts, and the process dies. MSVC's linker can delay imports, and cmake-js brings a
// hook that redirects them; zig's linker has no delayed imports.
//
// The headers declare the functions dllimport, and a call of such a function goes through a pointer
// that has its name after `__imp_` ("PE Format" of Microsoft, import libraries). This file defines
// the pointers, one for each function of node-api-headers. The linker leaves out those not used.

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

// The linker joins sections whose names are the same up to `$`, and sorts them by what follows it:
// "PE Format", grouped sections.
#define IN_TABLE(place) __attribute__((section(".napi$" place)))

IN_TABLE("a") Import table_begin = {};
IN_TABLE("z") Import table_end = {};

}  // namespace

extern "C" {

// selectany puts each into a section of its own, which the linker may leave out.
#define NODE_API_FUNCTION(function) \
  IN_TABLE("m") __attribute__((selectany)) Import __imp_##function = {nullptr, #function};
#include "node_api_functions.inc"
#undef NODE_API_FUNCTION

}  // extern "C"

namespace {

FARPROC Find(const char* function) {
  // The running program, then the libraries that the delay-load hooks of node-gyp and cmake-js
  // know: Node.js built as a library, and NW.js. This loads none of them.
  static constexpr const char* kHosts[] = {nullptr, "libnode.dll", "node.dll", "nw.dll"};
  for (const char* file : kHosts) {
    const HMODULE host = GetModuleHandleA(file);
    if (host == nullptr) continue;
    if (const FARPROC address = GetProcAddress(host, function)) return address;
  }
  return nullptr;
}

bool FindAll() {
  // volatile: the compiler would otherwise be free to assume that nothing stands between the two.
  Import* const volatile begin = &table_begin;
  Import* const volatile end = &table_end;
  for (Import* import = begin + 1; import < end; ++import) {
    import->address = Find(import->name);
    if (import->address == nullptr) return false;
  }
  // As the system's loader does with ordinary imports. The table is a section, and so begins a
  // page.
  DWORD before;
  const auto size = reinterpret_cast<uintptr_t>(end) - reinterpret_cast<uintptr_t>(begin);
  return VirtualProtect(begin, size, PAGE_READONLY, &before) != 0;
}

}  // namespace

// When a function is missing, loading the addon fails with ERROR_DLL_INIT_FAILED.
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
  return reason != DLL_PROCESS_ATTACH || FindAll();
}

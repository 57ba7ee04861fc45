// The variable and the function that -fstack-protector-strong needs. On other systems the C library
// has them, and each process gets another value. On Windows zig has them, but with a value that
// never changes.

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <cstdint>

extern "C" {

/** Stands between the local arrays of a function and its return address. */
uintptr_t __stack_chk_guard = 0;

/** Ends the process in the same way as Microsoft's own check of such a value: winnt.h. */
[[noreturn]] void __stack_chk_fail() {
#ifdef __aarch64__
  // clang 19 compiles __fastfail to an ordinary trap on arm64.
  register unsigned code __asm__("w0") = FAST_FAIL_STACK_COOKIE_CHECK_FAILURE;
  __asm__ volatile("brk #0xf003" : : "r"(code));
  __builtin_unreachable();
#else
  __fastfail(FAST_FAIL_STACK_COOKIE_CHECK_FAILURE);
#endif
}

}  // extern "C"

namespace {

uint64_t Mix(uint64_t bits, uint64_t more) {
  bits = (bits ^ more) * 0x9E3779B97F4A7C15;  // the constant of SplitMix64
  return bits ^ (bits >> 32);
}

// Runs while the DLL is loaded, before any protected function, and must not be protected itself.
// Like Microsoft's runtime (__security_init_cookie) it combines values that differ between
// processes. A DLL that is being loaded should not load another one for random numbers.
__attribute__((constructor, no_stack_protector)) void SetGuard() {
  LARGE_INTEGER ticks;
  FILETIME time;
  QueryPerformanceCounter(&ticks);
  GetSystemTimePreciseAsFileTime(&time);
  uint64_t bits = reinterpret_cast<uintptr_t>(&ticks);  // where the system put the stack
  bits = Mix(bits, static_cast<uint64_t>(ticks.QuadPart));
  bits = Mix(bits, time.dwLowDateTime);
  bits = Mix(bits, GetCurrentProcessId());
  bits = Mix(bits, GetCurrentThreadId());
  // The first byte in memory is 0, which ends a string. So no copied string can contain this value.
  __stack_chk_guard = bits & ~uint64_t{0xff};
}

}  // namespace

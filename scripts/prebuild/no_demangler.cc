// When an exception that nobody catches ends a program, libc++abi tells its type in readable form,
// by a demangler that would be a third of the binary. The addon throws none and is built to catch
// none.

#include <cstddef>

extern "C" char* __cxa_demangle(const char*, char*, size_t*, int* status) {
  if (status != nullptr) *status = -2;  // "not a valid name": Itanium C++ ABI, 3.4
  return nullptr;
}

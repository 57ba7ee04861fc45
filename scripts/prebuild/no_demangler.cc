// Replaces the demangler of libc++abi, which would be a third of the binary. libc++abi uses it to
// print the type of an exception that nothing catches. The addon is built without exceptions.

#include <cstddef>

extern "C" char* __cxa_demangle(const char*, char*, size_t*, int* status) {
  if (status != nullptr) *status = -2;  // "not a valid name": Itanium C++ ABI, 3.4
  return nullptr;
}

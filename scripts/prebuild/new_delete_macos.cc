// The addon's own operators new and delete. Those of the static C++ library are weak, so that a
// program can replace them, and zig's linker exports them. Then dyld would make the addon and other
// libraries share them. -fvisibility-global-new-delete=force-hidden hides the operators below.

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

// The addon is built without exceptions, so the process ends when there is no memory.
void* OrAbort(void* memory) {
  if (memory == nullptr) std::abort();
  return memory;
}
void* Allocate(size_t size) { return std::malloc(size != 0 ? size : 1); }
void* Allocate(size_t size, std::align_val_t alignment) {
  void* memory = nullptr;
  return posix_memalign(&memory, static_cast<size_t>(alignment), size) == 0 ? memory : nullptr;
}

}  // namespace

void* operator new(size_t size) { return OrAbort(Allocate(size)); }
void* operator new[](size_t size) { return OrAbort(Allocate(size)); }
void* operator new(size_t size, std::align_val_t to) { return OrAbort(Allocate(size, to)); }
void* operator new[](size_t size, std::align_val_t to) { return OrAbort(Allocate(size, to)); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new(size_t size, std::align_val_t to, const std::nothrow_t&) noexcept {
  return Allocate(size, to);
}
void* operator new[](size_t size, std::align_val_t to, const std::nothrow_t&) noexcept {
  return Allocate(size, to);
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

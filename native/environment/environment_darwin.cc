#include <crt_externs.h>
#include <pthread.h>

#include <atomic>

#include "environment/environment.h"

namespace port4me {

// A shared library has no `environ` of its own on macOS: environ(7).
char** EnvironmentTable() {
  return std::atomic_ref<char**>(*_NSGetEnviron()).load(std::memory_order_acquire);
}

bool IsMainThread() { return pthread_main_np() != 0; }

}  // namespace port4me

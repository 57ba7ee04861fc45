#include <crt_externs.h>
#include <pthread.h>

#include "environment/environment.h"

namespace port4me {

// A shared library has no `environ` of its own on macOS: environ(7).
char** EnvironmentTable() { return *const_cast<char** volatile*>(_NSGetEnviron()); }

bool IsMainThread() { return pthread_main_np() != 0; }

}  // namespace port4me

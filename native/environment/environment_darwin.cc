#include <crt_externs.h>

#include "environment/environment.h"

namespace port4me {

// A shared library has no `environ` of its own on macOS: environ(7).
char** EnvironmentTable() { return *_NSGetEnviron(); }

}  // namespace port4me

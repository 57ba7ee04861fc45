#include "environment/environment.h"

namespace port4me {

// The C runtime's table does not follow SetEnvironmentVariableW(), by which Node.js writes.
char** EnvironmentTable() { return nullptr; }

}  // namespace port4me

// Windows, where the C runtime's table does not follow SetEnvironmentVariableW(), by which Node.js
// writes; Linux with musl, whose setenv() frees entries; and the BSDs.

#include "environment/environment.h"

namespace port4me {

char** EnvironmentTable() { return nullptr; }

bool IsMainThread() { return false; }

}  // namespace port4me

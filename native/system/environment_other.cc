// Windows, where the C runtime's table does not follow SetEnvironmentVariableW(), by which Node.js
// writes; macOS and the BSDs, whose setenv() writes a shorter value over a longer one; Linux with
// musl, whose setenv() frees entries.

#include "system/environment_table.h"

namespace port4me {

char** EnvironmentTable() { return nullptr; }

bool IsMainThread() { return false; }

}  // namespace port4me

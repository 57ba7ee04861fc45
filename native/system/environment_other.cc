// Systems whose table of variables does not tell reliably what has changed:
// - Windows: Node.js writes with SetEnvironmentVariableW(), which does not change the C runtime's
//   table.
// - macOS and the BSDs: setenv() writes a shorter value over a longer one.
// - Linux with musl: setenv() frees entries.

#include "system/environment_table.h"

namespace port4me {

char** EnvironmentTable() { return nullptr; }

bool IsMainThread() { return false; }

}  // namespace port4me

// Linux with the GNU C library. Its setenv() never frees an entry, and creates another entry when a
// variable gets another value (stdlib/setenv.c).

#include <sys/syscall.h>
#include <unistd.h>

#include "system/environment_table.h"

extern "C" char** environ;  // environ(7): no POSIX header has to declare it

namespace port4me {

char** EnvironmentTable() { return *const_cast<char** volatile*>(&environ); }

// gettid(2): only in the main thread it equals the process id.
bool IsMainThread() { return syscall(SYS_gettid) == getpid(); }

}  // namespace port4me

// Linux with the GNU C library, whose setenv() keeps every entry it has made, and gives a variable
// another entry for another value (stdlib/setenv.c).

#include <sys/syscall.h>
#include <unistd.h>

#include "system/environment_table.h"

extern "C" char** environ;  // environ(7); POSIX leaves its declaration to the program

namespace port4me {

char** EnvironmentTable() { return *const_cast<char** volatile*>(&environ); }

// gettid(2): equal to the process id in the main thread alone.
bool IsMainThread() { return syscall(SYS_gettid) == getpid(); }

}  // namespace port4me

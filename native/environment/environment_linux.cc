#include <sys/syscall.h>
#include <unistd.h>

#include "environment/environment.h"

extern "C" char** environ;  // environ(7); POSIX leaves its declaration to the program

namespace port4me {

char** EnvironmentTable() {
  // gettid(2): equal to the process id in the main thread alone.
  return syscall(SYS_gettid) == getpid() ? environ : nullptr;
}

}  // namespace port4me

#include <unistd.h>

#include "environment/environment.h"

extern "C" char** environ;  // environ(7); POSIX leaves its declaration to the program

namespace port4me {

char** EnvironmentTable() { return environ; }

}  // namespace port4me

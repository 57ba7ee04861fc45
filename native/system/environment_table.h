// The process's environment, as the C library keeps it. environment_glibc.cc and
// environment_other.cc implement this; CMakeLists.txt chooses.

#ifndef PORT4ME_SYSTEM_ENVIRONMENT_TABLE_H_
#define PORT4ME_SYSTEM_ENVIRONMENT_TABLE_H_

namespace port4me {

// The table of "NAME=value" entries as it is now, ended by a null pointer. setenv(3) never rewrites
// its entries. Null where there is no such table.
char** EnvironmentTable();

// Whether this is the thread that the process began with: the process.env of others may be a copy.
bool IsMainThread();

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_ENVIRONMENT_TABLE_H_

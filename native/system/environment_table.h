// The environment variables of the process, as the C library keeps them. environment_glibc.cc and
// environment_other.cc implement this header; CMakeLists.txt chooses one.

#ifndef PORT4ME_SYSTEM_ENVIRONMENT_TABLE_H_
#define PORT4ME_SYSTEM_ENVIRONMENT_TABLE_H_

namespace port4me {

// The current table of "NAME=value" entries, which a null pointer ends. setenv(3) never rewrites an
// entry of this table. Null where the system has no such table.
char** EnvironmentTable();

// Whether this is the first thread of the process. In other threads process.env may be a copy.
bool IsMainThread();

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_ENVIRONMENT_TABLE_H_

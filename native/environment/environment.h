// A cheap look at whether the environment variables that settings are read from have changed:
// process.env costs some 0.4 µs a variable, as much together as the probe itself.

#ifndef PORT4ME_ENVIRONMENT_H_
#define PORT4ME_ENVIRONMENT_H_

#include <optional>
#include <string>

namespace port4me {

// The entries PORT4ME_*, _PORT4ME_* and those that name the user, each ended by a NUL. Equal texts
// mean equal settings. Nothing where the system has no such table to read (Windows).
//
// Reads the process's own table without a lock, as getenv() does: call it on the main thread only,
// where Node.js itself writes it.
std::optional<std::string> EnvironmentFingerprint();

// The table of "NAME=value" entries, ended by a null pointer, or null.
char** EnvironmentTable();

}  // namespace port4me

#endif  // PORT4ME_ENVIRONMENT_H_

// A cheap look at whether the environment variables that settings are read from have changed:
// process.env costs some 0.4 µs a variable, as much together as the probe itself.

#ifndef PORT4ME_ENVIRONMENT_H_
#define PORT4ME_ENVIRONMENT_H_

#include <optional>
#include <string>

namespace port4me {

// The entries PORT4ME_*, _PORT4ME_* and those that name the user, each ended by a NUL. Equal texts
// mean equal settings. Nothing while another thread changes the table, as a worker with SHARE_ENV
// may, and nothing where the system has no table that can be read so.
std::optional<std::string> EnvironmentFingerprint();

// The table of "NAME=value" entries as it is now, ended by a null pointer; null where the above
// gives nothing.
char** EnvironmentTable();

// Whether this is the thread that the process began with: the process.env of others may be a copy.
bool IsMainThread();

}  // namespace port4me

#endif  // PORT4ME_ENVIRONMENT_H_

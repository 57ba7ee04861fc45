// A cheap look at whether the process's environment variables have changed: process.env costs some
// 0.4 µs a variable, as much together as the probe itself.

#ifndef PORT4ME_ENVIRONMENT_H_
#define PORT4ME_ENVIRONMENT_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace port4me {

class EnvironmentWatch {
 public:
  // A number that changes when the variables do. Nothing where the system does not let that be
  // told.
  std::optional<uint32_t> Generation();

 private:
  std::vector<const char*> seen_;  // the table, its end included, when the number last changed
  uint32_t generation_ = 0;
};

// The table of "NAME=value" entries as it is now, ended by a null pointer, whose entries setenv(3)
// never rewrites; null where there is none such.
char** EnvironmentTable();

// Whether this is the thread that the process began with: the process.env of others may be a copy.
bool IsMainThread();

}  // namespace port4me

#endif  // PORT4ME_ENVIRONMENT_H_

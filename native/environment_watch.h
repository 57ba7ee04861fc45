// A cheap look at whether the process's environment variables have changed: process.env costs some
// 0.4 µs a variable, as much together as the probe itself.

#ifndef PORT4ME_ENVIRONMENT_WATCH_H_
#define PORT4ME_ENVIRONMENT_WATCH_H_

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

}  // namespace port4me

#endif  // PORT4ME_ENVIRONMENT_WATCH_H_

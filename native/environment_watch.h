// Tells cheaply whether the environment variables of the process have changed. To read them from
// process.env takes about 0.4 µs each; together they would cost as much as the probe itself.

#ifndef PORT4ME_ENVIRONMENT_WATCH_H_
#define PORT4ME_ENVIRONMENT_WATCH_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace port4me {

class EnvironmentWatch {
 public:
  // A number that changes when the variables change. std::nullopt where the system cannot tell.
  std::optional<uint32_t> Generation();

 private:
  // The entries of the table, with the null pointer at its end, when the number last changed.
  std::vector<const char*> seen_;
  uint32_t generation_ = 0;
};

}  // namespace port4me

#endif  // PORT4ME_ENVIRONMENT_WATCH_H_

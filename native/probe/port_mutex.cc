#include "probe/port_mutex.h"

#include <array>
#include <cstddef>

namespace port4me {
namespace {

constexpr size_t kGroups = 64;

// A cache line each.
struct alignas(64) Group {
  std::mutex mutex;
};

// Never destroyed, whatever the destructor of std::mutex does here: threads may still probe while
// the process exits.
union Groups {
  constexpr Groups() : all{} {}
  ~Groups() {}
  std::array<Group, kGroups> all;
};

// For all threads, as the ports are. It guards no data.
constinit Groups groups;

}  // namespace

std::mutex& MutexOf(uint16_t port) { return groups.all[port % kGroups].mutex; }

}  // namespace port4me

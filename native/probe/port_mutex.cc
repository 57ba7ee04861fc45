#include "probe/port_mutex.h"

#include <array>
#include <cstddef>

namespace port4me {
namespace {

constexpr size_t kGroups = 64;

// Each mutex has a cache line of its own.
struct alignas(64) Group {
  std::mutex mutex;
};

// The union keeps the mutexes from being destroyed: threads may still probe while the process
// exits.
union Groups {
  constexpr Groups() : all{} {}
  ~Groups() {}
  std::array<Group, kGroups> all;
};

// Shared by all threads, as ports are. The mutexes guard no data.
constinit Groups groups;

}  // namespace

std::mutex& MutexOf(uint16_t port) { return groups.all[port % kGroups].mutex; }

}  // namespace port4me

#include "probe/patience.h"

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace port4me {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kProofMs = 40;
constexpr uint32_t kMemoryMs = 1000;
constexpr uint64_t kShortestWaitNs = 200'000;
constexpr uint64_t kLongestWaitNs = 1'000'000;

// When a port was found in use, in the milliseconds of NowMs(). Two threads may write the fields of
// one port at the same time; the worst result is one wait too many or too few.
struct InUse {
  std::atomic<uint32_t> first{0};
  std::atomic<uint32_t> last{0};  // 0: never, or it was free since
};

// Pages of this array that are never written take no memory.
constinit std::array<InUse, 65536> in_use{};

uint32_t NowMs() {
  const auto since =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch());
  return static_cast<uint32_t>(since.count()) | 1;  // never 0
}

}  // namespace

void WaitForAnotherProbe() {
  // Threads and processes that collided differ in the nanosecond and in the thread id. The
  // finalizer of SplitMix64 mixes the two into a number that is random enough.
  uint64_t mixed = static_cast<uint64_t>(Clock::now().time_since_epoch().count()) +
                   std::hash<std::thread::id>{}(std::this_thread::get_id());
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  mixed ^= mixed >> 31;
  const uint64_t wait = kShortestWaitNs + mixed % (kLongestWaitNs - kShortestWaitNs);
  std::this_thread::sleep_for(std::chrono::nanoseconds(wait));
}

bool IsKnownToBeInUse(uint16_t port) {
  const uint32_t last = in_use[port].last.load(std::memory_order_relaxed);
  if (last == 0) return false;
  const uint32_t now = NowMs();
  if (now - last > kMemoryMs) return false;
  if (now - in_use[port].first.load(std::memory_order_relaxed) < kProofMs) return false;
  in_use[port].last.store(now, std::memory_order_relaxed);
  return true;
}

void NoteInUse(uint16_t port) {
  const uint32_t last = in_use[port].last.load(std::memory_order_relaxed);
  const uint32_t now = NowMs();
  if (last == 0 || now - last > kMemoryMs) {
    in_use[port].first.store(now, std::memory_order_relaxed);
  }
  in_use[port].last.store(now, std::memory_order_relaxed);
}

void NoteFree(uint16_t port) {
  std::atomic<uint32_t>& last = in_use[port].last;
  if (last.load(std::memory_order_relaxed) != 0) last.store(0, std::memory_order_relaxed);
}

}  // namespace port4me

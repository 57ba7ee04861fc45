// A fair lock for a few microseconds: whoever asks first is served first. std::mutex lets the
// holder take it again at once, so that a thread that probes all ports would keep the others
// waiting.

#ifndef PORT4ME_PROBE_TICKET_LOCK_H_
#define PORT4ME_PROBE_TICKET_LOCK_H_

#include <atomic>
#include <cstdint>
#include <thread>

namespace port4me {

class TicketLock {
 public:
  void lock() {
    const uint32_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
    while (serving_.load(std::memory_order_acquire) != ticket) std::this_thread::yield();
  }

  void unlock() {
    // The holder alone writes it.
    serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  std::atomic<uint32_t> next_{0};
  std::atomic<uint32_t> serving_{0};
};

}  // namespace port4me

#endif  // PORT4ME_PROBE_TICKET_LOCK_H_

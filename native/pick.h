// The search for the first candidate that a probe calls free.

#ifndef PORT4ME_PICK_H_
#define PORT4ME_PICK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sequence.h"

namespace port4me {

struct Search {
  uint32_t seed;
  PortBits allowed;
  std::span<const uint16_t> prepended;  // tried before the sequence, in this order
  uint64_t skip;                        // candidates dropped first, prepended ones included
  uint64_t max_tries;                   // probes before giving up
};

struct PickResult {
  uint16_t port;   // 0: none was free
  uint32_t tries;  // ports probed
};

enum class Answer : uint8_t { kFree, kBusy, kError };

// One search. The caller decides how many candidates each call of Run() tries.
class Searcher {
 public:
  explicit Searcher(const Search& search)
      : prepended_(search.prepended.subspan(SkippedPrepended(search))),
        sequence_(search.seed, search.allowed),
        max_tries_(search.max_tries) {
    sequence_.Skip(search.skip - SkippedPrepended(search));
  }

  // Calls `probe(port)` for the next `count` candidates. Returns true when the search is over: a
  // candidate is free, `max_tries` were probed, the sequence has reached the end of its period, or
  // a probe failed.
  template <typename Probe>
  bool Run(uint32_t count, Probe&& probe) {
    for (; count > 0; --count) {
      const uint16_t port = result_.tries < max_tries_ ? NextCandidate() : 0;
      if (port == 0) return true;
      ++result_.tries;
      const Answer answer = probe(port);
      if (answer == Answer::kFree) result_.port = port;
      if (answer != Answer::kBusy) return true;
    }
    return false;
  }

  const PickResult& result() const { return result_; }

 private:
  // How many prepended candidates `search.skip` drops.
  static size_t SkippedPrepended(const Search& search) {
    return static_cast<size_t>(std::min<uint64_t>(search.skip, search.prepended.size()));
  }

  // 0: there are no more candidates.
  uint16_t NextCandidate() {
    if (prepended_.empty()) return sequence_.NextWithin(&steps_);
    const uint16_t port = prepended_.front();
    prepended_ = prepended_.subspan(1);
    return port;
  }

  std::span<const uint16_t> prepended_;  // those not tried yet
  Sequence sequence_;
  uint32_t steps_ = kLcgPeriod;
  uint64_t max_tries_;
  PickResult result_{0, 0};
};

// The whole search at once.
template <typename Probe>
PickResult PickFirstFree(const Search& search, Probe&& probe) {
  Searcher searching(search);
  while (!searching.Run(kLcgPeriod, probe)) {
  }
  return searching.result();
}

}  // namespace port4me

#endif  // PORT4ME_PICK_H_

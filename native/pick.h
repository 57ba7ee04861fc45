// The search: the first candidate that a probe calls free.

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
  CandidateSet set;
  std::span<const uint16_t> prepend;  // tried before the sequence, in this order
  uint64_t skip;                      // candidates dropped first, prepended ones included
  uint64_t max_tries;                 // probes before giving up
};

struct Pick {
  uint16_t port;   // 0: none was free
  uint32_t tries;  // ports probed
};

enum class Answer : uint8_t { kFree, kBusy, kError };

// One search, in as many parts as its caller likes.
class Searcher {
 public:
  explicit Searcher(const Search& search)
      : prepend_(search.prepend.subspan(Dropped(search))),
        sequence_(search.seed, search.set),
        max_tries_(search.max_tries) {
    sequence_.Skip(search.skip - Dropped(search));
  }

  // Asks `probe(port)` of the next `count` candidates. True when the search is over: one is free,
  // `max_tries` were probed, one whole period of the sequence is through, or a probe failed.
  template <typename Probe>
  bool Run(uint32_t count, Probe&& probe) {
    for (; count > 0; --count) {
      const uint16_t port = pick_.tries < max_tries_ ? NextCandidate() : 0;
      if (port == 0) return true;
      ++pick_.tries;
      const Answer answer = probe(port);
      if (answer == Answer::kFree) pick_.port = port;
      if (answer != Answer::kBusy) return true;
    }
    return false;
  }

  const Pick& pick() const { return pick_; }

 private:
  // Of the prepended candidates.
  static size_t Dropped(const Search& search) {
    return static_cast<size_t>(std::min<uint64_t>(search.skip, search.prepend.size()));
  }

  // 0: there is none any more.
  uint16_t NextCandidate() {
    if (prepend_.empty()) return sequence_.NextWithin(&steps_);
    const uint16_t port = prepend_.front();
    prepend_ = prepend_.subspan(1);
    return port;
  }

  std::span<const uint16_t> prepend_;  // what is left of it
  Sequence sequence_;
  uint32_t steps_ = kLcgPeriod;
  uint64_t max_tries_;
  Pick pick_{0, 0};
};

// The whole search at once.
template <typename Probe>
Pick PickFirstFree(const Search& search, Probe&& probe) {
  Searcher searching(search);
  while (!searching.Run(kLcgPeriod, probe)) {
  }
  return searching.pick();
}

}  // namespace port4me

#endif  // PORT4ME_PICK_H_

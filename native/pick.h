// The search: the first candidate that a probe calls free.

#ifndef PORT4ME_PICK_H_
#define PORT4ME_PICK_H_

#include <algorithm>
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

// Asks `probe(port)` of each candidate in turn. Ends at the first that is free, after `max_tries`
// probes, when one whole period of the sequence is through, or when a probe fails.
template <typename Probe>
Pick PickFirstFree(const Search& search, Probe&& probe) {
  Pick pick{0, 0};
  const auto try_port = [&](uint16_t port) {
    ++pick.tries;
    const Answer answer = probe(port);
    if (answer == Answer::kFree) pick.port = port;
    return answer != Answer::kBusy;
  };

  const uint64_t dropped = std::min<uint64_t>(search.skip, search.prepend.size());
  for (const uint16_t port : search.prepend.subspan(static_cast<size_t>(dropped))) {
    if (pick.tries >= search.max_tries || try_port(port)) return pick;
  }

  Sequence sequence(search.seed, search.set);
  sequence.Skip(search.skip - dropped);
  uint32_t steps = kLcgPeriod;
  while (pick.tries < search.max_tries) {
    const uint16_t port = sequence.NextWithin(&steps);
    if (port == 0 || try_port(port)) break;
  }
  return pick;
}

}  // namespace port4me

#endif  // PORT4ME_PICK_H_

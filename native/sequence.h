// The candidate set, and the endless sequence of candidates that a seed gives.

#ifndef PORT4ME_SEQUENCE_H_
#define PORT4ME_SEQUENCE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lcg.h"

namespace port4me {

// A view of one bit for each port: bit (port % 8) of byte (port / 8). Port 0 never counts.
class CandidateSet {
 public:
  static constexpr size_t kBytes = 65536 / 8;

  constexpr explicit CandidateSet(std::span<const uint8_t, kBytes> bits) : bits_(bits) {}

  constexpr bool Has(uint32_t port) const {
    return port != 0 && (bits_[port >> 3] >> (port & 7) & 1) != 0;
  }

  constexpr uint32_t Count() const {
    uint32_t count = 0;
    for (const uint8_t byte : bits_) count += static_cast<uint32_t>(std::popcount(byte));
    return count - (bits_[0] & 1);
  }

 private:
  std::span<const uint8_t, kBytes> bits_;
};

// Yields the ports of the set in the order of the seed, again and again.
class Sequence {
 public:
  constexpr Sequence(uint32_t seed, CandidateSet set) : state_(seed), set_(set) {}

  // The next candidate within `*steps` steps of the generator, or 0; takes the steps off.
  constexpr uint16_t NextWithin(uint32_t* steps) {
    while (*steps > 0) {
      --*steps;
      state_ = NextLcgState(state_);
      if (set_.Has(state_)) return static_cast<uint16_t>(state_);
    }
    return 0;
  }

  // Drops the first `count` candidates. Whole periods are not walked, so any count is quick.
  constexpr void Skip(uint64_t count) {
    if (count == 0) return;
    const uint32_t in_period = set_.Count();
    if (in_period == 0) return;
    for (uint64_t left = count % in_period; left > 0; --left) {
      uint32_t steps = kLcgPeriod;
      NextWithin(&steps);
    }
  }

 private:
  uint32_t state_;
  CandidateSet set_;
};

// Fills `out` with the candidates after the first `skip` ones. False when the set is empty.
constexpr bool FillCandidates(uint32_t seed, CandidateSet set, uint64_t skip,
                              std::span<uint16_t> out) {
  Sequence sequence(seed, set);
  sequence.Skip(skip);
  uint32_t steps = kLcgPeriod;
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = sequence.NextWithin(&steps);
    if (out[i] != 0) continue;
    // One period is through: what follows repeats it, however few candidates it has.
    const size_t in_period = i;
    if (in_period == 0) return false;
    for (; i < out.size(); ++i) out[i] = out[i - in_period];
  }
  return true;
}

}  // namespace port4me

#endif  // PORT4ME_SEQUENCE_H_

// The allowed ports, and the endless sequence of candidates that a seed gives.

#ifndef PORT4ME_SEQUENCE_H_
#define PORT4ME_SEQUENCE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lcg.h"

namespace port4me {

// A set of ports, as a view of one bit for each port: bit (port % 8) of byte (port / 8). Port 0 is
// never in the set.
class PortBits {
 public:
  static constexpr size_t kBytes = 65536 / 8;

  constexpr explicit PortBits(std::span<const uint8_t, kBytes> bits) : bits_(bits) {}

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

// Yields the allowed ports in the order of the seed, and repeats them without end.
class Sequence {
 public:
  constexpr Sequence(uint32_t seed, PortBits allowed) : state_(seed), allowed_(allowed) {}

  // The next candidate that the generator reaches within `*steps` steps, or 0. Subtracts the steps
  // that were used from `*steps`.
  constexpr uint16_t NextWithin(uint32_t* steps) {
    while (*steps > 0) {
      --*steps;
      state_ = NextLcgState(state_);
      if (allowed_.Has(state_)) return static_cast<uint16_t>(state_);
    }
    return 0;
  }

  // Drops the first `count` candidates. Whole periods are skipped, so that any count is quick.
  constexpr void Skip(uint64_t count) {
    if (count == 0) return;
    const uint32_t in_period = allowed_.Count();
    if (in_period == 0) return;
    for (uint64_t left = count % in_period; left > 0; --left) {
      uint32_t steps = kLcgPeriod;
      NextWithin(&steps);
    }
  }

 private:
  uint32_t state_;
  PortBits allowed_;
};

// Fills `out` with the candidates that follow the first `skip` ones. False when no port is allowed.
constexpr bool FillCandidates(uint32_t seed, PortBits allowed, uint64_t skip,
                              std::span<uint16_t> out) {
  Sequence sequence(seed, allowed);
  sequence.Skip(skip);
  uint32_t steps = kLcgPeriod;
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = sequence.NextWithin(&steps);
    if (out[i] != 0) continue;
    // The period is over. The rest of `out` repeats its candidates.
    const size_t in_period = i;
    if (in_period == 0) return false;
    for (; i < out.size(); ++i) out[i] = out[i - in_period];
  }
  return true;
}

}  // namespace port4me

#endif  // PORT4ME_SEQUENCE_H_

// The linear congruential generator of port4me, with the constants of the Sinclair ZX81.

#ifndef PORT4ME_LCG_H_
#define PORT4ME_LCG_H_

#include <cstdint>

namespace port4me {

inline constexpr uint32_t kLcgModulus = 65537;

// 75 is a primitive root of the prime 65537. So from any state but the fixed point 65536 the
// generator visits each of 0..65535 once before it repeats.
inline constexpr uint32_t kLcgPeriod = 65536;

// `value` mod 65537 without a division: 2^16 mod 65537 is -1, so the high half is subtracted.
constexpr uint32_t ReduceByLcgModulus(uint32_t value) {
  const uint32_t low = value & 0xffff;
  const uint32_t high = value >> 16;
  return low >= high ? low - high : low + kLcgModulus - high;
}

// The state after `state`. Any 32-bit seed is a valid state; every result is in 0..65535.
constexpr uint32_t NextLcgState(uint32_t state) {
  state = ReduceByLcgModulus(state);
  const uint32_t next = ReduceByLcgModulus(75 * state + 74);
  // At the fixed point the reference implementations continue from `state + 1`, which is 0.
  return next == state ? 74 : next;
}

}  // namespace port4me

#endif  // PORT4ME_LCG_H_

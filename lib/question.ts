// The questions and verdicts of binding.d.ts, by name.

/** The numbers that a question and a verdict are made of. */
export const Flag = {
  TCP: 1,
  UDP: 2,
  IPV4: 4,
  IPV6: 8,
  TIME_WAIT_IS_BUSY: 16,

  TIME_WAIT: 1,
  DENIED: 2,
  IN_USE: 3,
  LEASED: 4,
  REASON_MASK: 7,
  TCP_REFUSES: 8,
  UDP_REFUSES: 16,
  IPV4_REFUSES: 32,
  IPV6_REFUSES: 64,
} as const

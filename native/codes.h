// The numbers that cross between C++ and TypeScript, by name. lib/codes.ts is the same for
// TypeScript. The contract suite compares the two, and names a code that only one side has.

#ifndef PORT4ME_CODES_H_
#define PORT4ME_CODES_H_

#include <array>
#include <cstdint>

namespace port4me {

// The name and version of what binding.d.ts declares: lib/codes.ts.
inline constexpr char kContract[] = "port4me 2";

// Why a port is not free: the lowest bits of a verdict. 0 means that it is free. When several
// sockets are refused for different reasons, the verdict has the greatest.
#define PORT4ME_REASONS(REASON)   \
  REASON(kTimeWait, TIME_WAIT, 1) \
  REASON(kDenied, DENIED, 2) REASON(kInUse, IN_USE, 3) REASON(kLeased, LEASED, 4)

#define PORT4ME_ENUMERATOR(name, code, value) name = value,
enum class Reason : uint8_t { kNone = 0, PORT4ME_REASONS(PORT4ME_ENUMERATOR) };
#undef PORT4ME_ENUMERATOR

// The bits of a verdict that hold its reason.
constexpr uint8_t kReasonMask = 7;

// The parts of a question. A question is the sum of some of them.
enum Ask : uint32_t {
  kAskTcp = 1,
  kAskUdp = 2,
  kAskIpv4 = 4,
  kAskIpv6 = 8,
  kAskStrictTimeWait = 16,  // a port that only connections in TIME_WAIT hold counts as busy
  kAskAll = 31,
};

// Which binds were refused. A verdict is its reason plus these.
enum Refuses : uint8_t {
  kTcpRefuses = 8,
  kUdpRefuses = 16,
  kIpv4Refuses = 32,
  kIpv6Refuses = 64,
};

// The state of a socket. A question about holders names the sum of some of them.
enum State : uint8_t {
  kStateListening = 1,
  kStateBound = 2,
  kStateConnected = 4,
  kStateTimeWait = 8,
  kStateAll = 15,
};

#define PORT4ME_FITS(name, code, value) \
  static_assert(value > 0 && value <= kReasonMask, "a reason must fit into the mask");
PORT4ME_REASONS(PORT4ME_FITS)
#undef PORT4ME_FITS
static_assert((kReasonMask & (kTcpRefuses | kUdpRefuses | kIpv4Refuses | kIpv6Refuses)) == 0,
              "the bits of Refuses must not overlap those of a reason");
static_assert(kAskAll == kAskTcp + kAskUdp + kAskIpv4 + kAskIpv6 + kAskStrictTimeWait,
              "each code of a question must be a bit of its own");

// The number of tries is multiplied by this in the answer of a search. It is one more than the
// highest port.
constexpr uint32_t kTries = 65536;

// The answer of a search as one number, so that no object is created for it. Port 0: no candidate
// was free.
constexpr double PackFound(uint32_t tries, uint16_t port) {
  return static_cast<double>(tries) * kTries + port;
}

constexpr uint8_t PackVerdict(Reason reason, bool tcp, bool udp, bool ipv4, bool ipv6) {
  return static_cast<uint8_t>(static_cast<uint8_t>(reason) | (tcp ? kTcpRefuses : 0) |
                              (udp ? kUdpRefuses : 0) | (ipv4 ? kIpv4Refuses : 0) |
                              (ipv6 ? kIpv6Refuses : 0));
}

struct Code {
  const char* name;  // its name in lib/codes.ts
  uint32_t value;
};

#define PORT4ME_CODE(name, code, value) Code{"Reason." #code, value},
inline constexpr std::array kCodes{
    Code{"Ask.TCP", kAskTcp},
    Code{"Ask.UDP", kAskUdp},
    Code{"Ask.IPV4", kAskIpv4},
    Code{"Ask.IPV6", kAskIpv6},
    Code{"Ask.STRICT_TIME_WAIT", kAskStrictTimeWait},
    PORT4ME_REASONS(PORT4ME_CODE) Code{"REASON_MASK", kReasonMask},
    Code{"Refuses.TCP", kTcpRefuses},
    Code{"Refuses.UDP", kUdpRefuses},
    Code{"Refuses.IPV4", kIpv4Refuses},
    Code{"Refuses.IPV6", kIpv6Refuses},
    Code{"State.LISTENING", kStateListening},
    Code{"State.BOUND", kStateBound},
    Code{"State.CONNECTED", kStateConnected},
    Code{"State.TIME_WAIT", kStateTimeWait},
    Code{"TRIES", kTries},
};
#undef PORT4ME_CODE
#undef PORT4ME_REASONS

}  // namespace port4me

#endif  // PORT4ME_CODES_H_

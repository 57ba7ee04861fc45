// The thin socket layer: what the probe asks of the operating system, and nothing more.
// socket_linux.cc and socket_bsd.cc (both over socket_posix.cc) and socket_windows.cc implement it;
// CMakeLists.txt chooses among them, so that no #ifdef is needed elsewhere.

#ifndef PORT4ME_SYSTEM_SOCKET_H_
#define PORT4ME_SYSTEM_SOCKET_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace port4me {

enum class Protocol : uint8_t { kTcp, kUdp };

// One address to bind; the port comes with each bind.
struct Endpoint {
  Protocol protocol = Protocol::kTcp;
  bool ipv6 = false;
  bool dual_stack = false;            // an IPv6 socket that takes IPv4 too
  bool optional = false;              // passed over where the system lacks the family or address
  std::array<uint8_t, 16> address{};  // in network order; IPv4 uses the first four; zeros: wildcard
  uint32_t scope_id = 0;              // of an IPv6 zone

  bool IsWildcard() const { return address == std::array<uint8_t, 16>{}; }
};

// Every address of a family.
inline Endpoint Wildcard(Protocol protocol, bool ipv6, bool optional) {
  Endpoint endpoint;
  endpoint.protocol = protocol;
  endpoint.ipv6 = ipv6;
  endpoint.optional = optional;
  return endpoint;
}

// Every address of both families, by one socket.
inline Endpoint DualStackWildcard(Protocol protocol) {
  Endpoint endpoint = Wildcard(protocol, true, false);
  endpoint.dual_stack = true;
  return endpoint;
}

// An IPv6-only wildcard and an IPv4 one, each optional.
inline std::vector<Endpoint> PerFamily(Protocol protocol) {
  return {Wildcard(protocol, true, true), Wildcard(protocol, false, true)};
}

// The address as text, as "127.0.0.1", "::" and "fe80::1%2", whose zone is the interface's number.
std::string AddressText(const Endpoint& endpoint);

// A failed system call that says nothing about the port: out of descriptors, no permission to
// create sockets, a host address that is not this machine's.
struct SystemError {
  int number = 0;  // errno, or the Winsock code; 0: nothing failed
  const char* syscall = "";
  // What was asked when it failed, as far as that is known. Prober::error() and Holder::error()
  // have both, but for a host that cannot be read and a lock that cannot be taken; port 0 stands
  // for one of the system's choice.
  std::optional<Endpoint> endpoint{};
  uint16_t port = 0;
};

// The symbolic name of an error number ("EMFILE"), as Node.js writes it; "UNKNOWN" for one that the
// calls made here are not documented to give.
const char* ErrorName(int number);

// The system's own words for it.
std::string ErrorText(int number);

enum class Bind : uint8_t {
  kBound,
  kInUse,
  kDenied,     // privileged, or kept back by a policy of the system
  kNoFamily,   // the system lacks the address family
  kNoAddress,  // the address is not this machine's
  kFailed,
};

struct BindResult {
  Bind bind;
  // Set for all but kBound and kInUse; by Listen() for kInUse too.
  SystemError error;
};

enum class Sharing : uint8_t {
  kExclusive,     // neither SO_REUSEADDR nor SO_REUSEPORT; SO_EXCLUSIVEADDRUSE on Windows
  kReuseAddress,  // SO_REUSEADDR, as nearly every server sets it on POSIX
};

// A socket that is opened by the first bind and survives refused ones: a failed bind() leaves a
// socket unbound, so a busy port costs one system call.
class Socket {
 public:
  Socket() = default;
  ~Socket() { Close(); }
  Socket(Socket&& other) noexcept
      : handle_(std::exchange(other.handle_, kNone)), sharing_(other.sharing_) {}
  Socket& operator=(Socket&&) = delete;

  // After kBound the socket holds the port until Close(). Always of the same protocol and family.
  BindResult TryBind(const Endpoint& endpoint, uint16_t port, Sharing sharing);
  // Turns SO_REUSEADDR on where that lets a server that has it too bind the port beside this
  // socket, and keeps everybody else out. kBound or kFailed.
  BindResult AdmitServers();
  bool IsOpen() const { return handle_ != kNone; }
  // Makes the bound socket listen; does nothing where the system has no descriptors. kBound, kInUse
  // (somebody listens on the port at this moment) or kFailed.
  BindResult Listen(int backlog);
  // Gives the descriptor away, to be closed by the caller. -1 where the system has none.
  int TakeDescriptor();
  // The port that is held; 0, with `*error` set, when the system does not tell.
  uint16_t BoundPort(SystemError* error) const;
  void Close();

 private:
  BindResult Open(const Endpoint& endpoint);
  BindResult Share(Sharing sharing);

  // A descriptor on POSIX, a SOCKET on Windows, whose INVALID_SOCKET is -1 too.
  static constexpr intptr_t kNone = -1;

  intptr_t handle_ = kNone;
  Sharing sharing_ = Sharing::kExclusive;  // of the socket that is open
};

// Whether ReuseProbe can tell anything; if not, a refused bind is final.
extern const bool kReuseAddressTellsTimeWait;

// Answers whether a server that sets SO_REUSEADDR could bind a port that an exclusive bind was
// refused: then only connections in TIME_WAIT, or still open ones of a server that is gone, hold
// it.
class ReuseProbe {
 public:
  // kBound: it could. Asks with the socket, and leaves it unbound.
  BindResult TryBind(Socket* socket, const Endpoint& endpoint, uint16_t port);

 private:
  // The machine's own addresses, where the answer needs them; looked up once.
  std::optional<std::vector<Endpoint>> specific_;
};

// The fewest wildcard endpoints that collide with every user of a port in either family.
std::vector<Endpoint> BothFamilies(Protocol protocol);

// The same to be held and handed to a server, which has one socket.
std::vector<Endpoint> BothFamiliesToHold(Protocol protocol);

// Whether AdmitServers() lets anybody in.
extern const bool kServersBindHeldPorts;

// Whether a bind to hold passes beside some users of the port, so that a probe is to go before it.
extern const bool kHoldNeedsProbe;

// Whether a text is an IP literal, with an IPv6 zone or without: RFC 4291 and RFC 4007.
bool IsIpLiteral(const std::string& text);

// Puts the address of an IP literal, with an IPv6 zone or without, into the endpoint. False, with
// `*error` set, when the system cannot read it.
bool ParseHost(const std::string& host, Endpoint* endpoint, SystemError* error);

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_SOCKET_H_

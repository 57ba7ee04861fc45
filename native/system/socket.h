// The socket layer: only what the probe needs of the operating system. socket_windows.cc implements
// it on Windows, socket_posix.cc with socket_linux.cc or socket_bsd.cc elsewhere. CMakeLists.txt
// chooses among them, so that no other file needs an #ifdef.

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

// One address to bind. The port is given with each bind.
struct Endpoint {
  Protocol protocol = Protocol::kTcp;
  bool ipv6 = false;
  bool dual_stack = false;            // an IPv6 socket that takes IPv4 too
  bool optional = false;              // skipped where the system lacks the family or the address
  std::array<uint8_t, 16> address{};  // in network order; IPv4 uses the first four; zeros: wildcard
  uint32_t scope_id = 0;              // of an IPv6 zone

  bool IsWildcard() const { return address == std::array<uint8_t, 16>{}; }
};

// The endpoint of every address of a family.
inline Endpoint Wildcard(Protocol protocol, bool ipv6, bool optional) {
  Endpoint endpoint;
  endpoint.protocol = protocol;
  endpoint.ipv6 = ipv6;
  endpoint.optional = optional;
  return endpoint;
}

// The endpoint of every address of both families, for one socket.
inline Endpoint DualStackWildcard(Protocol protocol) {
  Endpoint endpoint = Wildcard(protocol, true, false);
  endpoint.dual_stack = true;
  return endpoint;
}

// An IPv6-only wildcard and an IPv4 wildcard. Both are optional.
inline std::vector<Endpoint> PerFamily(Protocol protocol) {
  return {Wildcard(protocol, true, true), Wildcard(protocol, false, true)};
}

// The address as text: "127.0.0.1", "::" or "fe80::1%2". The zone is the number of the interface.
std::string AddressText(const Endpoint& endpoint);

// A system call that failed for a reason that says nothing about the port: out of descriptors, no
// permission to create sockets, a host address that is not this machine's.
struct SystemError {
  int number = 0;  // errno, or the Winsock code; 0: nothing failed
  const char* syscall = "";
  // The endpoint and the port that were asked about, if known. Port 0 stands for a port that the
  // system was to choose. The errors of Prober and Holder have both, with two exceptions: a host
  // that cannot be read, and a lock that cannot be taken.
  std::optional<Endpoint> endpoint{};
  uint16_t port = 0;
  const char* path = "";  // of the file that the call was about, if it was about one
};

// The symbolic name of an error number ("EMFILE"), as Node.js writes it. "UNKNOWN" for an error
// that the system calls used here are not documented to give.
const char* ErrorName(int number);

// The system's description of an error number.
std::string ErrorText(int number);

enum class BindStatus : uint8_t {
  kBound,
  kInUse,
  kDenied,     // privileged, or reserved by a policy of the system
  kNoFamily,   // the system lacks the address family
  kNoAddress,  // the address is not this machine's
  kFailed,
};

struct BindResult {
  BindStatus status;
  // Set unless the status is kBound or kInUse. Listen() sets it for kInUse too.
  SystemError error;
};

enum class Sharing : uint8_t {
  kExclusive,     // neither SO_REUSEADDR nor SO_REUSEPORT; SO_EXCLUSIVEADDRUSE on Windows
  kReuseAddress,  // SO_REUSEADDR, as nearly every server sets it on POSIX
};

// A socket that the first bind opens. It is kept after a refused bind, because a failed bind()
// leaves a socket unbound. So a busy port takes only one system call.
class Socket {
 public:
  Socket() = default;
  ~Socket() { Close(); }
  Socket(Socket&& other) noexcept
      : handle_(std::exchange(other.handle_, kNone)), sharing_(other.sharing_) {}
  Socket& operator=(Socket&&) = delete;

  // After kBound the socket holds the port until Close(). While the socket is open, each call must
  // have the same protocol and family.
  BindResult TryBind(const Endpoint& endpoint, uint16_t port, Sharing sharing);
  // Turns SO_REUSEADDR on, on systems where a server with SO_REUSEADDR can then bind the port
  // beside this socket while all others cannot. kBound or kFailed.
  BindResult AdmitServers();
  bool IsOpen() const { return handle_ != kNone; }
  // Makes the bound socket listen. Does nothing where the system has no descriptors. kBound, kInUse
  // (another socket listens on the port at this moment) or kFailed.
  BindResult Listen(int backlog);
  // Returns the descriptor, which the caller must close. -1 where the system has no descriptors.
  int TakeDescriptor();
  // The port that the socket is bound to. 0, with `*error` set, when the system call fails.
  uint16_t BoundPort(SystemError* error) const;
  void Close();

 private:
  BindResult Open(const Endpoint& endpoint);
  BindResult Share(Sharing sharing);

  // A descriptor on POSIX, a SOCKET on Windows. INVALID_SOCKET is -1 as well.
  static constexpr intptr_t kNone = -1;

  intptr_t handle_ = kNone;
  Sharing sharing_ = Sharing::kExclusive;  // the options of the open socket
};

// Whether ReuseProbe can detect TIME_WAIT. If not, a refused bind is final.
extern const bool kCanDetectTimeWait;

// Tells whether a server with SO_REUSEADDR could bind a port that refused an exclusive bind. If so,
// the port is held only by connections in TIME_WAIT, or by open connections of a server that has
// ended.
class ReuseProbe {
 public:
  // kBound: such a server could bind the port. Uses the socket, and leaves it unbound.
  BindResult TryBind(Socket* socket, const Endpoint& endpoint, uint16_t port);

 private:
  // The addresses of this machine, on systems where the answer needs them. They are looked up once.
  std::optional<std::vector<Endpoint>> specific_;
};

// The fewest wildcard endpoints that collide with every user of a port in either family.
std::vector<Endpoint> BothFamilies(Protocol protocol);

// The wildcard endpoints to hold a port with. They suit a server, which has one socket.
std::vector<Endpoint> BothFamiliesToHold(Protocol protocol);

// Whether a server can bind a held port after AdmitServers().
extern const bool kServersCanBindHeldPorts;

// Whether BothFamiliesToHold() can be bound beside some users of the port, so that a probe must
// come first.
extern const bool kHoldNeedsProbe;

// Whether a text is an IP literal, with or without an IPv6 zone: RFC 4291 and RFC 4007.
bool IsIpLiteral(const std::string& text);

// Puts the address of an IP literal, with or without an IPv6 zone, into the endpoint. False, with
// `*error` set, when the system cannot read it.
bool ParseHost(const std::string& host, Endpoint* endpoint, SystemError* error);

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_SOCKET_H_

// The socket layer on Windows. Node.js has called WSAStartup() before any addon is loaded.

#include <winsock2.h>
#include <ws2tcpip.h>

#include <system_error>

#include "endpoint_address.h"
#include "socket.h"

namespace port4me {
namespace {

bool SetOption(SOCKET socket, int level, int name, DWORD value) {
  return setsockopt(socket, level, name, reinterpret_cast<const char*>(&value), sizeof(value)) == 0;
}

BindResult Failure(const char* syscall) {
  const SystemError error{WSAGetLastError(), syscall};
  switch (error.number) {
    case WSAEADDRINUSE: return {Bind::kInUse, {}};
    case WSAEACCES:
      // A port of an excluded range (netsh int ipv4 show excludedportrange). A conflict with
      // another socket is WSAEADDRINUSE for a bind with SO_EXCLUSIVEADDRUSE, by the table in "Using
      // SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" of the Winsock documentation.
      return {Bind::kDenied, {}};
    case WSAEADDRNOTAVAIL: return {Bind::kNoAddress, error};
    default: return {Bind::kFailed, error};
  }
}

}  // namespace

const char* ErrorName(int number) {
  switch (number) {
    case WSAEACCES: return "EACCES";
    case WSAEADDRNOTAVAIL: return "EADDRNOTAVAIL";
    case WSAEAFNOSUPPORT: return "EAFNOSUPPORT";
    case WSAEFAULT: return "EFAULT";
    case WSAEINVAL: return "EINVAL";
    case WSAEMFILE: return "EMFILE";
    case WSAENETDOWN: return "ENETDOWN";
    case WSAENOBUFS: return "ENOBUFS";
    case WSAENOPROTOOPT: return "ENOPROTOOPT";
    case WSAEPROTONOSUPPORT: return "EPROTONOSUPPORT";
    case WSA_NOT_ENOUGH_MEMORY: return "ENOMEM";
    default: return "UNKNOWN";
  }
}

std::string ErrorText(int number) { return std::system_category().message(number); }

BindResult Socket::Open(const Endpoint& endpoint) {
  const bool tcp = endpoint.protocol == Protocol::kTcp;
  const SOCKET socket = WSASocketW(endpoint.ipv6 ? AF_INET6 : AF_INET,
                                   tcp ? SOCK_STREAM : SOCK_DGRAM, tcp ? IPPROTO_TCP : IPPROTO_UDP,
                                   nullptr, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (socket == INVALID_SOCKET) {
    const SystemError error{WSAGetLastError(), "socket"};
    return {error.number == WSAEAFNOSUPPORT ? Bind::kNoFamily : Bind::kFailed, error};
  }
  handle_ = static_cast<intptr_t>(socket);
  // Without SO_EXCLUSIVEADDRUSE a wildcard bind succeeds beside a socket on a specific address
  // ("Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" in the Winsock documentation).
  if ((endpoint.ipv6 &&
       !SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, endpoint.dual_stack ? 0 : 1)) ||
      !SetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1)) {
    const SystemError error{WSAGetLastError(), "setsockopt"};
    Close();
    return {Bind::kFailed, error};
  }
  return {Bind::kBound, {}};
}

BindResult Socket::TryBind(const Endpoint& endpoint, uint16_t port, Sharing) {
  if (handle_ == kNone) {
    const BindResult opened = Open(endpoint);
    if (opened.bind != Bind::kBound) return opened;
  }
  const SOCKET socket = static_cast<SOCKET>(handle_);
  const int result = WithAddress(endpoint, port, [&](const sockaddr* address, socklen_t length) {
    return bind(socket, address, static_cast<int>(length));
  });
  return result == 0 ? BindResult{Bind::kBound, {}} : Failure("bind");
}

uint16_t Socket::BoundPort(SystemError* error) const {
  const uint16_t port = PortOf(static_cast<SOCKET>(handle_));
  if (port == 0) *error = {WSAGetLastError(), "getsockname"};
  return port;
}

void Socket::Close() {
  if (handle_ == kNone) return;
  closesocket(static_cast<SOCKET>(handle_));
  handle_ = kNone;
}

// One socket per family, as SO_EXCLUSIVEADDRUSE guards one address at a time.
std::vector<Endpoint> BothFamilies(Protocol protocol) { return PerFamily(protocol); }

std::vector<Endpoint> BothFamiliesToHold(Protocol protocol) { return BothFamilies(protocol); }

const bool kHoldSeesLess = false;

// SO_EXCLUSIVEADDRUSE cannot be taken back: a server binds when the hold is released.
BindResult Socket::AdmitServers() { return {Bind::kBound, {}}; }

const bool kServersBindHeldPorts = false;

BindResult Socket::Listen(int) { return {Bind::kBound, {}}; }

int Socket::TakeDescriptor() { return -1; }

const bool kReuseTells = false;

// SO_REUSEADDR on Windows takes a port from a live listener, so that it cannot tell one from
// TIME_WAIT; and a connection in TIME_WAIT does not refuse a bind there. A refusal is final.
BindResult ReuseProbe::Ask(Socket*, const Endpoint&, uint16_t) { return {Bind::kInUse, {}}; }

bool IsIpLiteral(const std::string& text) { return ReadsAsIpLiteral(text); }

bool ParseHost(const std::string& host, Endpoint* endpoint, SystemError* error) {
  if (ReadNumericHost(host, endpoint)) return true;
  // The text was checked to be an IP literal: what fails here is an IPv6 zone that names no
  // interface of this machine.
  *error = {WSAEADDRNOTAVAIL, "getaddrinfo"};
  return false;
}

}  // namespace port4me

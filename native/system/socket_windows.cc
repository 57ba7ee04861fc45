// The socket layer on Windows. Node.js has called WSAStartup() before any addon is loaded.

#include <winsock2.h>
#include <ws2tcpip.h>

#include <cwctype>

#include "system/endpoint_address.h"
#include "system/socket.h"

namespace port4me {
namespace {

bool SetOption(SOCKET socket, int level, int name, DWORD value) {
  return setsockopt(socket, level, name, reinterpret_cast<const char*>(&value), sizeof(value)) == 0;
}

SOCKET OpenSocket(const Endpoint& endpoint) {
  const bool tcp = endpoint.protocol == Protocol::kTcp;
  return WSASocketW(endpoint.ipv6 ? AF_INET6 : AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM,
                    tcp ? IPPROTO_TCP : IPPROTO_UDP, nullptr, 0,
                    WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

int BindTo(SOCKET socket, const Endpoint& endpoint, uint16_t port) {
  return WithAddress(endpoint, port, [&](const sockaddr* address, socklen_t length) {
    return bind(socket, address, static_cast<int>(length));
  });
}

// Whether a socket has the port on the wildcard of the endpoint's family. The table in "Using
// SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" of the Winsock documentation says: if a socket without
// either option binds a wildcard, it gets WSAEADDRINUSE beside every socket on the wildcard, and it
// succeeds beside sockets on specific addresses, whatever the options of those sockets are.
bool IsWildcardInUse(const Endpoint& endpoint, uint16_t port) {
  const SOCKET socket = OpenSocket(endpoint);
  if (socket == INVALID_SOCKET) return false;
  Endpoint wildcard = endpoint;
  wildcard.address = {};
  wildcard.scope_id = 0;
  const bool in_use = (!endpoint.ipv6 || SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
                      BindTo(socket, wildcard, port) != 0 && WSAGetLastError() == WSAEADDRINUSE;
  closesocket(socket);
  return in_use;
}

BindResult Failure(const char* syscall) {
  const SystemError error{WSAGetLastError(), syscall};
  switch (error.number) {
    case WSAEADDRINUSE: return {BindStatus::kInUse, {}};
    case WSAEACCES:
      // The port is in an excluded range (netsh int ipv4 show excludedportrange). When a wildcard
      // bind with SO_EXCLUSIVEADDRUSE conflicts with another socket, the error is WSAEADDRINUSE.
      return {BindStatus::kDenied, error};
    case WSAEADDRNOTAVAIL: return {BindStatus::kNoAddress, error};
    default: return {BindStatus::kFailed, error};
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

// In English, like the errors of Node.js. In the system's language where English is not installed.
std::string ErrorText(int number) {
  constexpr DWORD kFlags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                           FORMAT_MESSAGE_MAX_WIDTH_MASK;  // no line breaks
  const auto code = static_cast<DWORD>(number);
  wchar_t wide[512];
  DWORD length = 0;
  for (const DWORD language : {DWORD{MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US)}, DWORD{0}}) {
    length = FormatMessageW(kFlags, nullptr, code, language, wide, ARRAYSIZE(wide), nullptr);
    if (length != 0) break;
  }
  while (length > 0 && (std::iswspace(wide[length - 1]) || wide[length - 1] == L'.')) --length;
  std::string text(3 * static_cast<size_t>(length), '\0');  // UTF-8 of a UTF-16 unit: 3 at most
  const int bytes =
      length == 0 ? 0
                  : WideCharToMultiByte(CP_UTF8, 0, wide, static_cast<int>(length), text.data(),
                                        static_cast<int>(text.size()), nullptr, nullptr);
  text.resize(static_cast<size_t>(bytes));
  return text.empty() ? "Winsock error " + std::to_string(number) : text;
}

std::string AddressText(const Endpoint& endpoint) { return TextOf(endpoint); }

BindResult Socket::Open(const Endpoint& endpoint) {
  const SOCKET socket = OpenSocket(endpoint);
  if (socket == INVALID_SOCKET) {
    const SystemError error{WSAGetLastError(), "socket"};
    return {error.number == WSAEAFNOSUPPORT ? BindStatus::kNoFamily : BindStatus::kFailed, error};
  }
  handle_ = static_cast<intptr_t>(socket);
  // Without SO_EXCLUSIVEADDRUSE a wildcard bind succeeds beside a socket on a specific address
  // (same table).
  if ((endpoint.ipv6 &&
       !SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, endpoint.dual_stack ? 0 : 1)) ||
      !SetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1)) {
    const SystemError error{WSAGetLastError(), "setsockopt"};
    Close();
    return {BindStatus::kFailed, error};
  }
  return {BindStatus::kBound, {}};
}

// A bind of a specific address with SO_EXCLUSIVEADDRUSE says too little about a socket of the same
// user on the wildcard (same table): it succeeds if that socket lacks the option, and gives
// WSAEACCES, as for an excluded port, if it has the option. So after either result the wildcard is
// bound too, and decides.
BindResult Socket::TryBind(const Endpoint& endpoint, uint16_t port, Sharing) {
  if (handle_ == kNone) {
    const BindResult opened = Open(endpoint);
    if (opened.status != BindStatus::kBound) return opened;
  }
  const int status = BindTo(static_cast<SOCKET>(handle_), endpoint, port);
  const BindResult result = status == 0 ? BindResult{BindStatus::kBound, {}} : Failure("bind");
  const bool settled = result.status != BindStatus::kBound && result.status != BindStatus::kDenied;
  if (settled || endpoint.IsWildcard() || port == 0 || !IsWildcardInUse(endpoint, port)) {
    return result;
  }
  Close();
  return {BindStatus::kInUse, {}};
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

// One socket per family, because SO_EXCLUSIVEADDRUSE protects only one address.
std::vector<Endpoint> BothFamilies(Protocol protocol) { return PerFamily(protocol); }

std::vector<Endpoint> BothFamiliesToHold(Protocol protocol) { return BothFamilies(protocol); }

const bool kHoldNeedsProbe = false;

// SO_EXCLUSIVEADDRUSE cannot be turned off after the bind. A server can bind only after the hold is
// released.
BindResult Socket::AdmitServers() { return {BindStatus::kBound, {}}; }

const bool kServersCanBindHeldPorts = false;

BindResult Socket::Listen(int) { return {BindStatus::kBound, {}}; }

int Socket::TakeDescriptor() { return -1; }

const bool kCanDetectTimeWait = false;

// On Windows a bind with SO_REUSEADDR takes a port even from a live listener, so it cannot detect
// TIME_WAIT. It need not: a connection in TIME_WAIT does not refuse a bind there. So a refusal is
// final.
BindResult ReuseProbe::TryBind(Socket*, const Endpoint&, uint16_t) {
  return {BindStatus::kInUse, {}};
}

bool IsIpLiteral(const std::string& text) { return ReadsAsIpLiteral(text); }

bool ParseHost(const std::string& host, Endpoint* endpoint, SystemError* error) {
  return ReadHost(host, WSAEADDRNOTAVAIL, endpoint, error);
}

}  // namespace port4me

#include "system/socket_posix.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "system/endpoint_address.h"
#include "system/socket.h"

namespace port4me {
namespace {

bool SetOption(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof(value)) == 0;
}

BindResult Failure(const char* syscall) {
  const SystemError error{errno, syscall};
  switch (errno) {
    case EADDRINUSE: return {BindStatus::kInUse, {}};
    case EACCES:  // bind(2): a privileged port
    case EPERM:   // the BPF program of a cgroup refused, for example systemd's SocketBindDeny=
      return {BindStatus::kDenied, error};
    case EADDRNOTAVAIL: return {BindStatus::kNoAddress, error};
    default: return {BindStatus::kFailed, error};
  }
}

}  // namespace

const char* ErrorName(int number) {
  switch (number) {
    case EACCES: return "EACCES";
    case EADDRINUSE: return "EADDRINUSE";
    case EADDRNOTAVAIL: return "EADDRNOTAVAIL";
    case EAFNOSUPPORT: return "EAFNOSUPPORT";
    case EBADF: return "EBADF";
    case EINVAL: return "EINVAL";
    case EMFILE: return "EMFILE";
    case ENFILE: return "ENFILE";
    case EIO: return "EIO";
    case ENOBUFS: return "ENOBUFS";
    case ENODEV: return "ENODEV";
    case ENOENT: return "ENOENT";
    case ENOMEM: return "ENOMEM";
    case ENOPROTOOPT: return "ENOPROTOOPT";
    case EPERM: return "EPERM";
    case EPROTONOSUPPORT: return "EPROTONOSUPPORT";
    default: return "UNKNOWN";
  }
}

std::string ErrorText(int number) { return std::generic_category().message(number); }

std::string AddressText(const Endpoint& endpoint) { return TextOf(endpoint); }

BindResult Socket::Open(const Endpoint& endpoint) {
  const int type = endpoint.protocol == Protocol::kTcp ? SOCK_STREAM : SOCK_DGRAM;
  const int descriptor = OpenCloseOnExec(endpoint.ipv6 ? AF_INET6 : AF_INET, type);
  if (descriptor < 0) {
    const SystemError error{errno, "socket"};
    // EPROTONOSUPPORT: a FreeBSD jail without this family (socreate() in sys/kern/uipc_socket.c).
    const bool absent = error.number == EAFNOSUPPORT || error.number == EPROTONOSUPPORT;
    return {absent ? BindStatus::kNoFamily : BindStatus::kFailed, error};
  }
  handle_ = descriptor;
  sharing_ = Sharing::kExclusive;
  // The option is set to 0 or 1 explicitly, because net.ipv6.bindv6only, or a similar setting
  // elsewhere, may have changed the default.
  if (endpoint.ipv6 &&
      !SetOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, endpoint.dual_stack ? 0 : 1)) {
    const SystemError error{errno, "setsockopt"};
    Close();
    return {BindStatus::kFailed, error};
  }
  return {BindStatus::kBound, {}};
}

BindResult Socket::Share(Sharing sharing) {
  const int reuse = sharing == Sharing::kReuseAddress ? 1 : 0;
  if (!SetOption(static_cast<int>(handle_), SOL_SOCKET, SO_REUSEADDR, reuse)) {
    return {BindStatus::kFailed, {errno, "setsockopt"}};
  }
  sharing_ = sharing;
  return {BindStatus::kBound, {}};
}

BindResult Socket::TryBind(const Endpoint& endpoint, uint16_t port, Sharing sharing) {
  if (handle_ == kNone) {
    const BindResult opened = Open(endpoint);
    if (opened.status != BindStatus::kBound) return opened;
  }
  if (sharing_ != sharing) {
    const BindResult shared = Share(sharing);
    if (shared.status != BindStatus::kBound) return shared;
  }
  const int descriptor = static_cast<int>(handle_);
  const int result = WithAddress(endpoint, port, [&](const sockaddr* address, socklen_t length) {
    return bind(descriptor, address, length);
  });
  return result == 0 ? BindResult{BindStatus::kBound, {}} : Failure("bind");
}

BindResult Socket::Listen(int backlog) {
  if (listen(static_cast<int>(handle_), backlog) == 0) return {BindStatus::kBound, {}};
  const SystemError error{errno, "listen"};
  return {error.number == EADDRINUSE ? BindStatus::kInUse : BindStatus::kFailed, error};
}

int Socket::TakeDescriptor() { return static_cast<int>(std::exchange(handle_, kNone)); }

uint16_t Socket::BoundPort(SystemError* error) const {
  const uint16_t port = PortOf(static_cast<int>(handle_));
  if (port == 0) *error = {errno, "getsockname"};
  return port;
}

void Socket::Close() {
  if (handle_ == kNone) return;
  // Never retried: after EINTR the descriptor may be closed already.
  close(static_cast<int>(handle_));
  handle_ = kNone;
}

bool IsIpLiteral(const std::string& text) { return ReadsAsIpLiteral(text); }

bool ParseHost(const std::string& host, Endpoint* endpoint, SystemError* error) {
  return ReadHost(host, EADDRNOTAVAIL, endpoint, error);
}

}  // namespace port4me

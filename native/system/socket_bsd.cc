// The socket layer on macOS and the BSDs.

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "system/endpoint_address.h"
#include "system/socket.h"
#include "system/socket_posix.h"

namespace port4me {

// macOS has no SOCK_CLOEXEC. If another thread forks between the two calls, the child inherits the
// descriptor.
int OpenCloseOnExec(int domain, int type) {
  const int descriptor = socket(domain, type, 0);
  if (descriptor >= 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    const int error = errno;
    close(descriptor);
    errno = error;
    return -1;
  }
  return descriptor;
}

// One socket per family. OpenBSD has no dual-stack sockets, and elsewhere a dual-stack bind need
// not collide with an IPv4-only socket. Without SO_REUSEADDR a wildcard bind also collides with a
// socket on a specific address (in_pcbbind() then searches with INPLOOKUP_WILDCARD).
std::vector<Endpoint> BothFamilies(Protocol protocol) { return PerFamily(protocol); }

// Node.js itself listens on one dual-stack socket. OpenBSD has no such sockets: two sockets hold
// the port there, and neither is handed over.
std::vector<Endpoint> BothFamiliesToHold(Protocol protocol) {
#ifdef __OpenBSD__
  return PerFamily(protocol);
#else
  return {DualStackWildcard(protocol)};
#endif
}

// A dual-stack bind may succeed beside an IPv4-only socket.
const bool kHoldNeedsProbe = true;

// With SO_REUSEADDR two wildcard sockets cannot share a port here (in_pcbbind() requires
// SO_REUSEPORT). So a server can bind only after the hold is released.
BindResult Socket::AdmitServers() { return {BindStatus::kBound, {}}; }

const bool kServersCanBindHeldPorts = false;

const bool kCanDetectTimeWait = true;

// With SO_REUSEADDR a wildcard bind succeeds beside a *listener* on a specific address
// (setsockopt(2) of FreeBSD; in_pcbbind() then looks only for an exact match). So each address of
// the machine is bound too: a listener on it refuses that bind, a connection in TIME_WAIT does not.
//
// macOS lets every user bind a port below 1024 on the wildcard, but not on a specific address
// (in_pcbbind() in bsd/netinet/in_pcb.c and in6_pcbbind() in bsd/netinet6/in6_pcb.c of XNU exempt
// the unspecified address). Such a denial says nothing about the port. If there is a listener, it
// belongs to another user, and then the wildcard is refused with any options (same functions).
BindResult ReuseProbe::TryBind(Socket* socket, const Endpoint& endpoint, uint16_t port) {
  const auto ask = [&](const Endpoint& one) {
    const BindResult result = socket->TryBind(one, port, Sharing::kReuseAddress);
    if (result.status == BindStatus::kBound) socket->Close();
    return result;
  };

  const BindResult wildcard = ask(endpoint);
  if (wildcard.status != BindStatus::kBound || !endpoint.IsWildcard()) return wildcard;

  if (!specific_) {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return {BindStatus::kFailed, {errno, "getifaddrs"}};
    specific_.emplace();
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
      if (entry->ifa_addr == nullptr) continue;
      if (entry->ifa_addr->sa_family != (endpoint.ipv6 ? AF_INET6 : AF_INET)) continue;
      Endpoint one = endpoint;
      SetAddress(entry->ifa_addr, &one);
      specific_->push_back(one);
    }
  }
  for (const Endpoint& one : *specific_) {
    const BindResult result = ask(one);
    switch (result.status) {
      case BindStatus::kBound:
      case BindStatus::kDenied:
      case BindStatus::kNoAddress: break;  // the address was just removed: nothing listens on it
      default: return result;
    }
  }
  return wildcard;
}

}  // namespace port4me

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

// macOS has no SOCK_CLOEXEC: a fork in another thread between the two calls inherits the
// descriptor for the few microseconds of the probe.
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

// One socket per family: OpenBSD has no dual-stack sockets at all, and elsewhere a dual-stack
// bind need not collide with an IPv4-only one. Without SO_REUSEADDR a wildcard bind also collides
// with a socket on a specific address (in_pcbbind() looks for those with INPLOOKUP_WILDCARD then).
std::vector<Endpoint> BothFamilies(Protocol protocol) { return PerFamily(protocol); }

// What Node.js itself listens on: one dual-stack socket. OpenBSD has none; there two sockets hold,
// and neither is handed over.
std::vector<Endpoint> BothFamiliesToHold(Protocol protocol) {
#ifdef __OpenBSD__
  return PerFamily(protocol);
#else
  return {DualStackWildcard(protocol)};
#endif
}

// A dual-stack bind may pass beside an IPv4-only socket.
const bool kHoldNeedsProbe = true;

// SO_REUSEADDR does not let two wildcard sockets share a port here (in_pcbbind() asks for
// SO_REUSEPORT then): a server binds when the hold is released.
BindResult Socket::AdmitServers() { return {Bind::kBound, {}}; }

const bool kServersBindHeldPorts = false;

const bool kReuseAddressTellsTimeWait = true;

// With SO_REUSEADDR a wildcard bind passes beside a *listener* on a specific address (setsockopt(2)
// of FreeBSD; in_pcbbind() then looks for an exact match alone). So each address of the machine is
// asked too: a listener on it refuses the exact match, a connection in TIME_WAIT does not.
//
// macOS lets every user bind a port below 1024 on the wildcard, but not on a specific address
// (in_pcbbind() in bsd/netinet/in_pcb.c and in6_pcbbind() in bsd/netinet6/in6_pcb.c of XNU spare
// the unspecified address). Such a denial says nothing of the port. A listener there is another
// user's, and beside that the wildcard is refused, whatever its options (the same functions).
BindResult ReuseProbe::TryBind(Socket* socket, const Endpoint& endpoint, uint16_t port) {
  const auto ask = [&](const Endpoint& one) {
    const BindResult result = socket->TryBind(one, port, Sharing::kReuseAddress);
    if (result.bind == Bind::kBound) socket->Close();
    return result;
  };

  const BindResult wildcard = ask(endpoint);
  if (wildcard.bind != Bind::kBound || !endpoint.IsWildcard()) return wildcard;

  if (!specific_) {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return {Bind::kFailed, {errno, "getifaddrs"}};
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
    switch (result.bind) {
      case Bind::kBound:
      case Bind::kDenied:
      case Bind::kNoAddress: break;  // it vanished while we asked: it holds no listener
      default: return result;
    }
  }
  return wildcard;
}

}  // namespace port4me

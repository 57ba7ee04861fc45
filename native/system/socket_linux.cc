// The socket layer on Linux, and on Android, which has the same kernel.

#include <sys/socket.h>

#include "system/socket.h"
#include "system/socket_posix.h"

namespace port4me {

int OpenCloseOnExec(int domain, int type) { return socket(domain, type | SOCK_CLOEXEC, 0); }

// A dual-stack socket on `::` collides with every other socket on the port, in either family and on
// any address (ipv6(7), and inet_rcv_saddr_any() in net/ipv4/inet_hashtables.c). So one bind is
// enough.
std::vector<Endpoint> BothFamilies(Protocol protocol) { return {DualStackWildcard(protocol)}; }

std::vector<Endpoint> BothFamiliesToHold(Protocol protocol) { return BothFamilies(protocol); }

const bool kHoldNeedsProbe = false;

// SO_REUSEADDR is set after an exclusive bind. From then on another bind with SO_REUSEADDR
// succeeds, as long as no socket on the port listens. A bind without SO_REUSEADDR is refused,
// and the system does not choose the port as an ephemeral port (sk_reuseport_match() and
// inet_csk_find_open_port() in net/ipv4/inet_connection_sock.c).
BindResult Socket::AdmitServers() { return Share(Sharing::kReuseAddress); }

const bool kServersCanBindHeldPorts = true;

const bool kCanDetectTimeWait = true;

// If both sockets have SO_REUSEADDR, Linux refuses the bind only if the other socket listens
// (inet_bind_conflict() in net/ipv4/inet_connection_sock.c). This also holds for a listener on only
// one of the addresses. So one bind of the same endpoint gives the whole answer.
BindResult ReuseProbe::TryBind(Socket* socket, const Endpoint& endpoint, uint16_t port) {
  const BindResult result = socket->TryBind(endpoint, port, Sharing::kReuseAddress);
  if (result.status == BindStatus::kBound) socket->Close();
  return result;
}

}  // namespace port4me

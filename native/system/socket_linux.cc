// The socket layer on Linux; also on Android, whose kernel it is.

#include <sys/socket.h>

#include "system/socket.h"
#include "system/socket_posix.h"

namespace port4me {

int OpenCloseOnExec(int domain, int type) { return socket(domain, type | SOCK_CLOEXEC, 0); }

// A dual-stack socket on `::` collides with any socket of the port, in either family, on any
// address (ipv6(7), and inet_rcv_saddr_any() in net/ipv4/inet_hashtables.c): one bind asks it all.
std::vector<Endpoint> BothFamilies(Protocol protocol) { return {DualStackWildcard(protocol)}; }

std::vector<Endpoint> BothFamiliesToHold(Protocol protocol) { return BothFamilies(protocol); }

const bool kHoldNeedsProbe = false;

// Set after an exclusive bind, it changes what others may: a bind that has it too passes while none
// of the sockets listens, and one without it, or one that asks for any free port, is refused
// (sk_reuseport_match() and inet_csk_find_open_port() in net/ipv4/inet_connection_sock.c).
BindResult Socket::AdmitServers() { return Share(Sharing::kReuseAddress); }

const bool kServersBindHeldPorts = true;

const bool kReuseAddressTellsTimeWait = true;

// With SO_REUSEADDR on both sides Linux lets a bind pass unless the other socket listens
// (inet_bind_conflict() in net/ipv4/inet_connection_sock.c), on whatever address, so that asking
// the same endpoint again is the whole answer.
BindResult ReuseProbe::TryBind(Socket* socket, const Endpoint& endpoint, uint16_t port) {
  const BindResult result = socket->TryBind(endpoint, port, Sharing::kReuseAddress);
  if (result.bind == Bind::kBound) socket->Close();
  return result;
}

}  // namespace port4me

// A test preloads this library. It acts like a policy that refuses system calls (seccomp(2), BPF
// programs of cgroups). Variables:
//
// DENY_BIND: bind(2) of this IP port and all higher ones gives EPERM. 0 includes port 0.
// ALLOW_BIND: a port that is still allowed.
// DENY_CONNECT: the errno of connect(2) to abstract names that begin with DENY_CONNECT_TO, or, if
// that is not set, to all of them.
// NO_IPV6_ADDRESS: if set, bind(2) of any IPv6 address gives EADDRNOTAVAIL, as on a machine without
// an IPv6 address.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

using Call = int (*)(int, const sockaddr*, socklen_t);

int Refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" int bind(int descriptor, const sockaddr* address, socklen_t length) {
  static const auto real = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "bind"));
  static const char* const least = std::getenv("DENY_BIND");
  static const char* const allowed = std::getenv("ALLOW_BIND");
  static const bool no_ipv6_address = std::getenv("NO_IPV6_ADDRESS") != nullptr;
  if (address->sa_family == AF_INET || address->sa_family == AF_INET6) {
    // The port of a sockaddr_in and of a sockaddr_in6 is in the same place.
    const int port = ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
    const bool is_allowed = allowed != nullptr && port == std::atoi(allowed);
    if (least != nullptr && port >= std::atoi(least) && !is_allowed) return Refuse(EPERM);
    if (no_ipv6_address && address->sa_family == AF_INET6) return Refuse(EADDRNOTAVAIL);
  }
  return real(descriptor, address, length);
}

extern "C" int connect(int descriptor, const sockaddr* address, socklen_t length) {
  static const auto real = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "connect"));
  static const char* const error = std::getenv("DENY_CONNECT");
  static const char* const to = std::getenv("DENY_CONNECT_TO");
  if (error != nullptr && address->sa_family == AF_UNIX) {
    const char* const name = reinterpret_cast<const sockaddr_un*>(address)->sun_path + 1;
    if (to == nullptr || std::strncmp(name, to, std::strlen(to)) == 0) {
      return Refuse(std::atoi(error));
    }
  }
  return real(descriptor, address, length);
}

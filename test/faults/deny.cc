// Preloaded by a test: a policy that refuses system calls, as seccomp(2) and BPF programs of
// cgroups do.
//
// DENY_BIND: the least IP port whose bind(2) is EPERM; port 0 is one of them when it is 0.
// ALLOW_BIND: a port that is spared.
// DENY_CONNECT: the errno of connect(2) to abstract names that begin with DENY_CONNECT_TO, or to
// all. NO_IPV6_ADDRESS: when set, bind(2) of any IPv6 address is EADDRNOTAVAIL, as where the
// machine has none.

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
    // sockaddr_in and sockaddr_in6 have their ports in the same place.
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

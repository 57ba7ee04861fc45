// Preloaded by a test: a system whose socket(2) knows no family NO_FAMILY, for want of IPv6 in the
// kernel, or by a policy.

#include <dlfcn.h>
#include <sys/socket.h>

#include <cerrno>

extern "C" int socket(int domain, int type, int protocol) {
  if (domain == NO_FAMILY) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  using Socket = int (*)(int, int, int);
  static const auto real = reinterpret_cast<Socket>(dlsym(RTLD_NEXT, "socket"));
  return real(domain, type, protocol);
}

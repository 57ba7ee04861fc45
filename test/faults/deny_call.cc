// A test preloads this library. It acts like a policy that denies a system call, such as a filter
// of seccomp(2). Variables:
//
// DENY: socket, bind or connect denies this call for Internet addresses; bind-tcp denies only that
// of TCP, like landlock(7). netlink denies every socket of sock_diag(7).
// DENY_ERRNO: the number of the error. With 0 the call is not denied, but takes seven seconds.

#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

bool IsInternet(int family) { return family == AF_INET || family == AF_INET6; }

bool IsTcp(int descriptor) {
  int type = 0;
  socklen_t length = sizeof(type);
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

// Sets errno if it denies the call.
bool Denies(const char* call) {
  const char* denied = std::getenv("DENY");
  if (denied == nullptr || std::strcmp(denied, call) != 0) return false;
  const int number = std::atoi(std::getenv("DENY_ERRNO"));
  if (number == 0) sleep(7);
  errno = number;
  return number != 0;
}

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int socket(int domain, int type, int protocol) {
  if (IsInternet(domain) && Denies("socket")) return -1;
  if (domain == AF_NETLINK && Denies("netlink")) return -1;
  return Real<int (*)(int, int, int)>("socket")(domain, type, protocol);
}

extern "C" int bind(int descriptor, const sockaddr* address, socklen_t length) {
  if (IsInternet(address->sa_family) &&
      (Denies("bind") || (Denies("bind-tcp") && IsTcp(descriptor)))) {
    return -1;
  }
  return Real<int (*)(int, const sockaddr*, socklen_t)>("bind")(descriptor, address, length);
}

extern "C" int connect(int descriptor, const sockaddr* address, socklen_t length) {
  if (IsInternet(address->sa_family) && Denies("connect")) return -1;
  return Real<int (*)(int, const sockaddr*, socklen_t)>("connect")(descriptor, address, length);
}

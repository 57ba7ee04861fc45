// Preloaded, this has another socket grab a port just before a given bind to it succeeds: a process
// that is quicker than us, at a moment that can be chosen.
//
// GRAB_PORT: the port; GRAB_AT: before which of the binds to it, from 1.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>

namespace {

using Bind = int (*)(int, const sockaddr*, socklen_t);

int Number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? -1 : std::atoi(text);
}

void Grab(Bind real_bind, int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  real_bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  listen(descriptor, 1);
}

}  // namespace

extern "C" int bind(int descriptor, const sockaddr* address, socklen_t length) {
  static const auto real_bind = reinterpret_cast<Bind>(dlsym(RTLD_NEXT, "bind"));
  static const int port = Number("GRAB_PORT");
  static const int at = Number("GRAB_AT");
  static std::atomic<int> binds{0};
  const bool is_ip = address->sa_family == AF_INET || address->sa_family == AF_INET6;
  // sockaddr_in and sockaddr_in6 have their ports in the same place.
  if (is_ip && ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port) == port &&
      ++binds == at) {
    Grab(real_bind, port);
  }
  return real_bind(descriptor, address, length);
}

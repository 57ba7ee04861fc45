// A test preloads this library. It binds a port with another socket just before a chosen bind to
// it. So it acts like another process that is quicker. Variables:
//
// GRAB_PORT: the port. GRAB_AT: the number of the bind, counted from 1, before which it acts.

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
  // The port of a sockaddr_in and of a sockaddr_in6 is in the same place.
  if (is_ip && ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port) == port &&
      ++binds == at) {
    Grab(real_bind, port);
  }
  return real_bind(descriptor, address, length);
}

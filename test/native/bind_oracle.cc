// Tells the result of a real bind. For each line "tcp|udp ADDRESS PORT" of stdin it prints a line:
// "free", or the number of the error. Its sockets are exclusive, and IPv6 sockets take only IPv6.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <iostream>
#include <string>

int main() {
  std::string protocol;
  std::string host;
  int port;
  while (std::cin >> protocol >> host >> port) {
    const bool ipv6 = host.find(':') != std::string::npos;
    const int type = protocol == "tcp" ? SOCK_STREAM : SOCK_DGRAM;
    const int descriptor = socket(ipv6 ? AF_INET6 : AF_INET, type, 0);
    int result;
    if (ipv6) {
      const int on = 1;
      setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_port = htons(static_cast<uint16_t>(port));
      inet_pton(AF_INET6, host.c_str(), &address.sin6_addr);
      result = bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    } else {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<uint16_t>(port));
      inet_pton(AF_INET, host.c_str(), &address.sin_addr);
      result = bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    }
    if (result == 0) {
      std::cout << "free" << std::endl;
    } else {
      std::cout << errno << std::endl;
    }
    close(descriptor);
  }
}

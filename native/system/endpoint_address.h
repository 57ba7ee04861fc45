// Converts endpoints to sockaddr structures and back. The structures have the same names on POSIX
// and on Windows, but different headers declare them. Include those of the system before this one.

#ifndef PORT4ME_SYSTEM_ENDPOINT_ADDRESS_H_
#define PORT4ME_SYSTEM_ENDPOINT_ADDRESS_H_

#include <cstring>
#include <string>

#include "system/socket.h"

namespace port4me {

// Calls `bind_to(address, length)` with the endpoint's socket address and this port.
template <typename BindTo>
auto WithAddress(const Endpoint& endpoint, uint16_t port, BindTo&& bind_to) {
  if (endpoint.ipv6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_scope_id = endpoint.scope_id;
    std::memcpy(&address.sin6_addr, endpoint.address.data(), sizeof(address.sin6_addr));
    return bind_to(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  std::memcpy(&address.sin_addr, endpoint.address.data(), sizeof(address.sin_addr));
  return bind_to(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// The address as inet_ntop() writes it, followed by the IPv6 zone as RFC 4007 writes it.
inline std::string TextOf(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(endpoint.ipv6 ? AF_INET6 : AF_INET, endpoint.address.data(), text, sizeof(text));
  return endpoint.scope_id == 0 ? text : text + ("%" + std::to_string(endpoint.scope_id));
}

// The port of a socket: getsockname(). 0 when it fails.
template <typename Handle>
uint16_t PortOf(Handle handle) {
  sockaddr_in6 address{};  // the port of a sockaddr_in is in the same place
  socklen_t length = sizeof(address);
  if (getsockname(handle, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.sin6_port);
}

// Puts the address, of family AF_INET or AF_INET6, into the endpoint.
inline void SetAddress(const sockaddr* from, Endpoint* endpoint) {
  endpoint->address = {};
  endpoint->ipv6 = from->sa_family == AF_INET6;
  if (endpoint->ipv6) {
    sockaddr_in6 address;
    std::memcpy(&address, from, sizeof(address));
    endpoint->scope_id = address.sin6_scope_id;
    std::memcpy(endpoint->address.data(), &address.sin6_addr, sizeof(address.sin6_addr));
  } else {
    sockaddr_in address;
    std::memcpy(&address, from, sizeof(address));
    std::memcpy(endpoint->address.data(), &address.sin_addr, sizeof(address.sin_addr));
  }
}

inline bool ReadsAsIpLiteral(const std::string& text) {
  in_addr ipv4;
  in6_addr ipv6;
  if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) return true;
  const size_t zone = text.find('%');
  return zone + 1 != text.size() && inet_pton(AF_INET6, text.substr(0, zone).c_str(), &ipv6) == 1;
}

// Reads an IP literal with getaddrinfo(). The caller has checked the text. AI_NUMERICHOST prevents
// a query to a name server. The call fails when an IPv6 zone names no interface of this machine;
// then `no_address` is the number of the error.
inline bool ReadHost(const std::string& host, int no_address, Endpoint* endpoint,
                     SystemError* error) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
    *error = {no_address, "getaddrinfo"};
    return false;
  }
  SetAddress(found->ai_addr, endpoint);
  freeaddrinfo(found);
  return true;
}

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_ENDPOINT_ADDRESS_H_

#include "system/inet_sockets_linux.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "system/proc_linux.h"

namespace port4me {
namespace {

// The states of a TCP socket: include/net/tcp_states.h of Linux. A UDP socket has kEstablished if
// it is connected, otherwise kClose.
enum KernelState : uint8_t {
  kEstablished = 1,
  kSynSent = 2,
  kSynReceived = 3,
  kTimeWait = 6,
  kClose = 7,
  kListen = 10,
  kNewSynReceived = 12,
  kBoundInactive = 13,  // since Linux 6.8, only in questions
};

constexpr uint32_t Bit(uint8_t state) { return uint32_t{1} << state; }

// The states to ask for. A connection that has not been accepted by the kernel yet (kSynReceived)
// belongs to its listener, and is left out.
uint32_t KernelStates(uint8_t states) {
  uint32_t bits = Bit(kListen) | Bit(kClose) | Bit(kBoundInactive);
  if ((states & kStateTimeWait) != 0) bits |= Bit(kTimeWait);
  if ((states & kStateConnected) != 0) {
    for (uint8_t state = kEstablished; state < kNewSynReceived; ++state) {
      if (state != kSynReceived && state != kTimeWait) bits |= Bit(state);
    }
  }
  return bits;
}

State StateOf(uint8_t kernel_state) {
  switch (kernel_state) {
    case kListen: return kStateListening;
    case kClose:
    case kBoundInactive: return kStateBound;
    case kTimeWait: return kStateTimeWait;
    default: return kStateConnected;
  }
}

// An endpoint of a local address. Takes the IPv4 address out of an IPv4-mapped one (RFC 4291).
Endpoint EndpointOf(Protocol protocol, bool ipv6, const uint8_t* address) {
  constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  Endpoint endpoint;
  endpoint.protocol = protocol;
  const bool is_mapped = ipv6 && std::equal(kMapped.begin(), kMapped.end(), address);
  endpoint.ipv6 = ipv6 && !is_mapped;
  if (is_mapped) address += kMapped.size();
  std::copy_n(address, endpoint.ipv6 ? 16 : 4, endpoint.address.begin());
  return endpoint;
}

bool IsLinkLocal(const Endpoint& endpoint) {
  return endpoint.ipv6 && endpoint.address[0] == 0xfe && (endpoint.address[1] & 0xc0) == 0x80;
}

// A connection to the kernel's socket monitoring: sock_diag(7).
class SockDiag {
 public:
  SockDiag() : descriptor_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {
    if (descriptor_ < 0) error_ = {errno, "socket"};
  }
  ~SockDiag() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  SockDiag(const SockDiag&) = delete;
  SockDiag& operator=(const SockDiag&) = delete;

  const SystemError& error() const { return error_; }

  // Sends a request and calls `read` with each answer: the message and the length of its payload.
  // False on failure: then error() is set.
  template <typename Request, typename Read>
  bool Dump(const Request& request, Read read) {
    if (error_.number != 0) return false;
    struct {
      nlmsghdr header;
      Request request;
    } message{};
    message.header.nlmsg_len = sizeof(message);
    message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message.request = request;
    if (send(descriptor_, &message, sizeof(message), 0) < 0) return Fail("send", errno);
    while (true) {
      const ssize_t received = recv(descriptor_, buffer_.data(), buffer_.size(), 0);
      if (received < 0 && errno == EINTR) continue;
      if (received < 0) return Fail("recv", errno);
      auto length = static_cast<uint32_t>(received);
      for (auto* header = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(header, length);
           header = NLMSG_NEXT(header, length)) {
        if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
          // Both begin with an error number, negative or 0.
          int number = 0;
          if (NLMSG_PAYLOAD(header, 0) >= sizeof(number)) {
            std::memcpy(&number, NLMSG_DATA(header), sizeof(number));
          }
          return number == 0 || Fail("recv", -number);
        }
        read(NLMSG_DATA(header), NLMSG_PAYLOAD(header, 0));
      }
    }
  }

 private:
  bool Fail(const char* syscall, int number) {
    error_ = {number, syscall};
    return false;
  }

  int descriptor_;
  SystemError error_{};
  // The kernel sends at most 32 KB at once: netlink_dump() in net/netlink/af_netlink.c.
  alignas(nlmsghdr) std::array<char, 32768> buffer_;
};

// Calls `read` with each attribute of a message: its type, its data and their length.
template <typename Message, typename Read>
void EachAttribute(void* data, uint32_t length, Read read) {
  uint32_t left = length - NLMSG_ALIGN(sizeof(Message));
  auto* attribute =
      reinterpret_cast<rtattr*>(static_cast<char*>(data) + NLMSG_ALIGN(sizeof(Message)));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    read(attribute->rta_type, static_cast<const char*>(RTA_DATA(attribute)),
         RTA_PAYLOAD(attribute));
  }
}

std::vector<uint16_t> Sorted(std::vector<uint16_t> ports) {
  // With a comparison of its own. Otherwise libc++ brings its sort functions for all types of
  // numbers, on arm64 also what long doubles need: a library with a stack protector whose guard is
  // fixed.
  std::sort(ports.begin(), ports.end(), [](uint16_t a, uint16_t b) { return a < b; });
  return ports;
}

// What one request asks for.
struct Table {
  Protocol protocol;
  bool ipv6;
  const char* path;  // in proc_pid_net(5)
};
constexpr std::array<Table, 4> kTables{{{Protocol::kTcp, false, "/proc/net/tcp"},
                                        {Protocol::kTcp, true, "/proc/net/tcp6"},
                                        {Protocol::kUdp, false, "/proc/net/udp"},
                                        {Protocol::kUdp, true, "/proc/net/udp6"}}};

bool AskKernel(const Table& table, const HoldersQuestion& question,
               const std::vector<uint16_t>& ports, SockDiag* diag,
               std::vector<InetSocket>* sockets) {
  inet_diag_req_v2 request{};
  request.sdiag_family = table.ipv6 ? AF_INET6 : AF_INET;
  request.sdiag_protocol = table.protocol == Protocol::kTcp ? IPPROTO_TCP : IPPROTO_UDP;
  request.idiag_states = KernelStates(question.states);
  if (ports.size() == 1) request.id.idiag_sport = htons(ports[0]);
  return diag->Dump(request, [&](void* data, uint32_t length) {
    if (length < sizeof(inet_diag_msg)) return;
    const auto& message = *static_cast<const inet_diag_msg*>(data);
    InetSocket socket;
    SocketReport& report = socket.report;
    report.port = ntohs(message.id.idiag_sport);
    if (report.port == 0 || !IsAsked(ports, report.port)) return;
    report.protocol = table.protocol;
    report.endpoint = EndpointOf(table.protocol, table.ipv6,
                                 reinterpret_cast<const uint8_t*>(message.id.idiag_src));
    if (IsLinkLocal(*report.endpoint)) report.endpoint->scope_id = message.id.idiag_if;
    report.state = StateOf(message.idiag_state);
    socket.inode = message.idiag_inode;
    if (socket.inode != 0) report.uid = message.idiag_uid;
    EachAttribute<inet_diag_msg>(data, length, [&](uint16_t type, const char* value, size_t size) {
      if (type == INET_DIAG_SKV6ONLY && size == 1 && report.endpoint->ipv6) {
        report.v6_only = *value != 0;
      }
    });
    sockets->push_back(std::move(socket));
  });
}

// One line of /proc/net/tcp and its kin: proc_pid_net(5). The address is in words of 32 bits, each
// as a number of this machine.
std::optional<InetSocket> ReadLine(const Table& table, const char* line) {
  char address[33];
  unsigned port, state, uid;
  unsigned long inode;
  if (std::sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %u %*u %lu",
                  address, &port, &state, &uid, &inode) != 5 ||
      std::strlen(address) != (table.ipv6 ? 32u : 8u)) {
    return std::nullopt;
  }
  std::array<uint8_t, 16> bytes{};
  for (size_t word = 0; word < std::strlen(address) / 8; ++word) {
    uint32_t value = 0;
    std::from_chars(address + word * 8, address + word * 8 + 8, value, 16);
    std::memcpy(&bytes[word * 4], &value, sizeof(value));
  }
  InetSocket socket;
  socket.report.port = static_cast<uint16_t>(port);
  socket.report.protocol = table.protocol;
  socket.report.endpoint = EndpointOf(table.protocol, table.ipv6, bytes.data());
  socket.report.state = StateOf(static_cast<uint8_t>(state));
  socket.inode = static_cast<Inode>(inode);
  if (inode != 0) socket.report.uid = uid;
  if (state == kSynReceived || state == kNewSynReceived) return std::nullopt;
  return socket;
}

bool ReadTable(const Table& table, const std::vector<uint16_t>& ports,
               std::vector<InetSocket>* sockets, SystemError* error) {
  const std::optional<std::string> text = ReadWhole(AT_FDCWD, table.path);
  if (!text) {
    // Without IPv6 in the kernel there is no table for it.
    if (table.ipv6 && errno == ENOENT) return true;
    *error = {errno, "open"};
    error->path = table.path;
    return false;
  }
  EachLine(*text, [&](const char* line) {
    std::optional<InetSocket> socket = ReadLine(table, line);
    if (socket && socket->report.port != 0 && IsAsked(ports, socket->report.port)) {
      sockets->push_back(*std::move(socket));
    }
  });
  return true;
}

// Takes a prefix away. False if the text does not begin with it.
bool Skip(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// The port at the end of a name. The rest of a padded name is zero bytes, which /proc/net/unix
// writes as "@". 0 if there is no port.
uint16_t PortAtEnd(std::string_view text) {
  uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  const bool is_padding = rest.find_first_not_of(std::string_view("\0@", 2)) == rest.npos;
  return failure == std::errc{} && is_padding ? port : 0;
}

// The lock that has this abstract name (without its leading zero byte), if it is the name of one.
std::optional<LeaseLock> LockOf(std::string_view name, Inode inode) {
  if (!Skip(&name, "port4me/")) return std::nullopt;
  const bool is_tcp = Skip(&name, "tcp/");
  if (!is_tcp && !Skip(&name, "udp/")) return std::nullopt;
  const uint16_t port = PortAtEnd(name);
  if (port == 0) return std::nullopt;
  return LeaseLock{is_tcp ? Protocol::kTcp : Protocol::kUdp, port, inode};
}

std::optional<LeaseLabel> LabelOf(std::string_view name, Inode inode) {
  if (!Skip(&name, "port4me/service/")) return std::nullopt;
  const size_t slash = name.find('/');
  if (slash == name.npos) return std::nullopt;
  const uint16_t port = PortAtEnd(name.substr(slash + 1));
  if (port == 0) return std::nullopt;
  return LeaseLabel{std::string(name.substr(0, slash)), port, inode};
}

bool IsAbout(const HoldersQuestion& question, Protocol protocol) {
  return protocol == Protocol::kTcp ? question.tcp : question.udp;
}

}  // namespace

bool IsAsked(const std::vector<uint16_t>& sorted, uint16_t port) {
  return sorted.empty() || std::binary_search(sorted.begin(), sorted.end(), port);
}

bool ListInetSockets(const HoldersQuestion& question, std::vector<InetSocket>* sockets,
                     SystemError* error) {
  const std::vector<uint16_t> ports = Sorted(question.ports);
  for (const Table& table : kTables) {
    if (!IsAbout(question, table.protocol)) continue;
    SockDiag diag;
    const size_t before = sockets->size();
    if (AskKernel(table, question, ports, &diag, sockets)) continue;
    if (IsShortage(diag.error().number)) {
      *error = diag.error();
      return false;
    }
    // A policy forbids to ask, or the kernel has no inet_diag for this protocol or family.
    sockets->resize(before);
    if (!ReadTable(table, ports, sockets, error)) return false;
  }
  return true;
}

void ListLeaseLocks(const HoldersQuestion& question, std::vector<LeaseLock>* locks,
                    std::vector<LeaseLabel>* labels) {
  const std::vector<uint16_t> ports = Sorted(question.ports);
  const auto add = [&](std::string_view name, Inode inode) {
    const std::optional<LeaseLock> lock = LockOf(name, inode);
    if (lock && IsAsked(ports, lock->port) && IsAbout(question, lock->protocol)) {
      locks->push_back(*lock);
    }
    std::optional<LeaseLabel> label = LabelOf(name, inode);
    if (label && IsAsked(ports, label->port)) labels->push_back(*std::move(label));
  };
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = Bit(kListen);
  request.udiag_show = UDIAG_SHOW_NAME;
  SockDiag diag;
  const size_t before = locks->size();
  const bool is_told = diag.Dump(request, [&](void* data, uint32_t length) {
    if (length < sizeof(unix_diag_msg)) return;
    const Inode inode = static_cast<const unix_diag_msg*>(data)->udiag_ino;
    EachAttribute<unix_diag_msg>(data, length, [&](uint16_t type, const char* value, size_t size) {
      if (type == UNIX_DIAG_NAME && size > 0 && value[0] == '\0') add({value + 1, size - 1}, inode);
    });
  });
  if (is_told) return;
  locks->resize(before, {Protocol::kTcp, 0, 0});
  labels->clear();
  const std::optional<std::string> text = ReadWhole(AT_FDCWD, "/proc/net/unix");
  if (!text) return;
  EachLine(*text, [&](const char* line) {
    unsigned flags;
    unsigned long inode;
    char name[128];
    constexpr unsigned kListens = 0x10000;  // a connection that was not accepted has the same name
    const int count = std::sscanf(line, " %*s %*x %*x %x %*x %*x %lu @%127s", &flags, &inode, name);
    if (count == 3 && flags == kListens) add(name, static_cast<Inode>(inode));
  });
}

}  // namespace port4me

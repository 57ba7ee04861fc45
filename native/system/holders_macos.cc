// Holders on macOS: libproc tells the descriptors of each process. Only root may ask about the
// processes of other users (proc_security_policy() in xnu's bsd/kern/proc_info.c), so sockets that
// only they have are not found, nor are connections in TIME_WAIT, which no process has. All
// processes are looked at: another one may have inherited a socket.
//
// Source lines are of xnu-11417.101.15 (macOS 15.4). Apple calls libproc private, so the parts of
// its structures that are used here are checked below.

#include <arpa/inet.h>
#include <libproc.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/proc.h>
#include <sys/proc_info.h>
#include <sys/socket.h>
#include <sys/sysctl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "system/holders.h"

namespace port4me {
namespace {

// bsd/sys/proc_info.h: struct proc_fdinfo, socket_fdinfo, socket_info, in_sockinfo, tcp_sockinfo,
// proc_vnodepathinfo. The sizes are part of the interface: the kernel returns ENOMEM for a buffer
// that is smaller than its own structure (proc_pidfdinfo() in bsd/kern/proc_info.c).
static_assert(sizeof(proc_fdinfo) == 8 && offsetof(proc_fdinfo, proc_fdtype) == 4);
static_assert(sizeof(proc_fileinfo) == 24 && sizeof(vinfo_stat) == 136);
static_assert(offsetof(socket_fdinfo, psi) == 24 && sizeof(socket_fdinfo) == 792);
static_assert(offsetof(socket_info, soi_so) == 136 && offsetof(socket_info, soi_pcb) == 144 &&
              offsetof(socket_info, soi_type) == 152 &&
              offsetof(socket_info, soi_protocol) == 156 &&
              offsetof(socket_info, soi_family) == 160 && offsetof(socket_info, soi_kind) == 232 &&
              offsetof(socket_info, soi_proto) == 240);
static_assert(sizeof(in_sockinfo) == 80 && offsetof(in_sockinfo, insi_fport) == 0 &&
              offsetof(in_sockinfo, insi_lport) == 4 && offsetof(in_sockinfo, insi_vflag) == 24 &&
              offsetof(in_sockinfo, insi_laddr) == 48);
static_assert(offsetof(tcp_sockinfo, tcpsi_ini) == 0 && offsetof(tcp_sockinfo, tcpsi_state) == 80 &&
              sizeof(tcp_sockinfo) == 120);
static_assert(sizeof(vnode_info) == 152 && sizeof(proc_vnodepathinfo) == 2352 &&
              offsetof(vnode_info_path, vip_path) == 152);
// bsd/sys/sysctl.h and bsd/sys/proc.h: struct kinfo_proc, the same for user64_kinfo_proc in
// bsd/sys/sysctl.h of the kernel, which ps(1) reads too.
static_assert(sizeof(kinfo_proc) == 648 && offsetof(kinfo_proc, kp_eproc) == 296 &&
              offsetof(extern_proc, p_un) == 0 && offsetof(extern_proc, p_comm) == 243);

// What identifies a socket in all processes that have it. The kernel gives no addresses but hashes
// of them, each time the same (VM_KERNEL_ADDRHASH in fill_common_sockinfo(),
// bsd/kern/socket_info.c).
using SocketKey = std::tuple<uint64_t, uint64_t>;

// Port numbers are in network order, in the lower half of an int (fill_socketinfo(), same file).
uint16_t PortOfSocket(int port) { return ntohs(static_cast<uint16_t>(port)); }

State StateOf(const socket_info& socket) {
  if (socket.soi_kind != SOCKINFO_TCP) {
    return socket.soi_proto.pri_in.insi_fport == 0 ? kStateBound : kStateConnected;
  }
  switch (socket.soi_proto.pri_tcp.tcpsi_state) {
    case TSI_S_CLOSED: return kStateBound;
    case TSI_S_LISTEN: return kStateListening;
    case TSI_S_TIME_WAIT: return kStateTimeWait;
    default: return kStateConnected;
  }
}

Endpoint AddressOf(const in_sockinfo& socket, Protocol protocol) {
  Endpoint endpoint;
  endpoint.protocol = protocol;
  const in6_addr& address = socket.insi_laddr.ina_6;
  if ((socket.insi_vflag & INI_IPV6) == 0 || IN6_IS_ADDR_V4MAPPED(&address)) {
    // struct in4in6_addr: an IPv4 address is in the last four bytes.
    std::memcpy(endpoint.address.data(), &socket.insi_laddr.ina_46.i46a_addr4, 4);
    return endpoint;
  }
  endpoint.ipv6 = true;
  std::memcpy(endpoint.address.data(), &address, sizeof(address));
  if (IN6_IS_ADDR_LINKLOCAL(&address)) {
    // Older kernels keep the zone in the second 16 bits (in6_embedded_scope in bsd/netinet6/).
    endpoint.scope_id = static_cast<uint32_t>(endpoint.address[2]) << 8 | endpoint.address[3];
    endpoint.address[2] = endpoint.address[3] = 0;
  }
  return endpoint;
}

// Calls `get(buffer, bytes)`, which returns how many bytes it has filled, until there is room left.
template <typename Item, typename Get>
std::vector<Item> ReadList(Get get) {
  std::vector<Item> items(256);
  for (;;) {
    const int bytes = static_cast<int>(items.size() * sizeof(Item));
    const int filled = get(items.data(), bytes);
    if (filled < bytes) {
      items.resize(filled > 0 ? static_cast<size_t>(filled) / sizeof(Item) : 0);
      return items;
    }
    items.resize(2 * items.size());
  }
}

class SocketScan {
 public:
  explicit SocketScan(const HoldersQuestion& question)
      : question_(question), ports_(question.ports) {
    std::sort(ports_.begin(), ports_.end());
  }

  void Look(pid_t pid) {
    // Nothing is filled if the process has ended, or belongs to another user.
    const auto descriptors = ReadList<proc_fdinfo>([&](void* buffer, int bytes) {
      return proc_pidinfo(pid, PROC_PIDLISTFDS, 0, buffer, bytes);
    });
    for (const proc_fdinfo& descriptor : descriptors) {
      if (descriptor.proc_fdtype != PROX_FDTYPE_SOCKET) continue;
      socket_fdinfo socket;
      if (proc_pidfdinfo(pid, descriptor.proc_fd, PROC_PIDFDSOCKETINFO, &socket, sizeof(socket)) ==
          sizeof(socket)) {
        Add(pid, socket.psi);
      }
    }
  }

  std::vector<SocketReport> TakeSockets() { return std::move(sockets_); }

 private:
  void Add(pid_t pid, const socket_info& socket) {
    if (socket.soi_family != AF_INET && socket.soi_family != AF_INET6) return;
    const bool tcp = socket.soi_kind == SOCKINFO_TCP;
    const bool udp = socket.soi_kind == SOCKINFO_IN && socket.soi_type == SOCK_DGRAM &&
                     socket.soi_protocol == IPPROTO_UDP;
    if (!(tcp && question_.tcp) && !(udp && question_.udp)) return;
    // pri_tcp begins with the same fields as pri_in.
    const in_sockinfo& internet = socket.soi_proto.pri_in;
    const uint16_t port = PortOfSocket(internet.insi_lport);
    const State state = StateOf(socket);
    if (port == 0 || (question_.states & state) == 0 || !IsAsked(port)) return;

    const auto [at, is_new] =
        places_.try_emplace(SocketKey(socket.soi_so, socket.soi_pcb), sockets_.size());
    if (is_new) {
      SocketReport& report = sockets_.emplace_back();
      report.port = port;
      report.protocol = tcp ? Protocol::kTcp : Protocol::kUdp;
      report.endpoint = AddressOf(internet, report.protocol);
      report.state = state;
      // The bind of `::` sets both flags unless IPV6_V6ONLY is on (tcp6_usr_bind() in
      // bsd/netinet/tcp_usrreq.c, udp6_bind() in bsd/netinet6/udp6_usrreq.c).
      if (report.endpoint->ipv6) report.v6_only = (internet.insi_vflag & INI_IPV4) == 0;
    }
    std::vector<uint32_t>& pids = sockets_[at->second].pids;
    const auto id = static_cast<uint32_t>(pid);
    if (pids.empty() || pids.back() != id) pids.push_back(id);  // it may have two descriptors
  }

  bool IsAsked(uint16_t port) const {
    return ports_.empty() || std::binary_search(ports_.begin(), ports_.end(), port);
  }

  const HoldersQuestion& question_;
  std::vector<uint16_t> ports_;         // of the question, sorted
  std::map<SocketKey, size_t> places_;  // in sockets_
  std::vector<SocketReport> sockets_;
};

// The command line. Empty for processes of other users (sysctl_procargsx() in
// bsd/kern/kern_sysctl.c). The buffer has the number of words, the path of the program, zero bytes,
// the words, and the environment.
std::string CommandOf(pid_t pid) {
  int name[] = {CTL_KERN, KERN_PROCARGS2, pid};
  size_t size = 0;
  if (sysctl(name, 3, nullptr, &size, nullptr, 0) != 0) return {};
  std::string bytes(size, '\0');
  if (sysctl(name, 3, bytes.data(), &size, nullptr, 0) != 0) return {};
  bytes.resize(size);
  int words = 0;
  if (bytes.size() < sizeof(words)) return {};
  std::memcpy(&words, bytes.data(), sizeof(words));
  std::string_view rest = std::string_view(bytes).substr(sizeof(words));
  rest.remove_prefix(std::min(rest.find('\0'), rest.size()));
  rest.remove_prefix(std::min(rest.find_first_not_of('\0'), rest.size()));
  std::string command;
  for (int i = 0; i < words && !rest.empty(); ++i) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    if (i > 0) command += ' ';
    command += rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return command;
}

std::string ProgramPathOf(pid_t pid) {
  char path[PROC_PIDPATHINFO_MAXSIZE];
  const int length = proc_pidpath(pid, path, sizeof(path));
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : std::string();
}

// Empty for processes of other users.
std::string WorkingDirectoryOf(pid_t pid) {
  proc_vnodepathinfo paths;
  if (proc_pidinfo(pid, PROC_PIDVNODEPATHINFO, 0, &paths, sizeof(paths)) != sizeof(paths)) {
    return {};
  }
  const char* path = paths.pvi_cdir.vip_path;
  return {path, strnlen(path, sizeof(paths.pvi_cdir.vip_path))};
}

class ProcessDetails {
 public:
  ProcessReport Of(uint32_t id) {
    ProcessReport process;
    process.pid = id;
    const auto pid = static_cast<pid_t>(id);
    const std::string path = ProgramPathOf(pid);
    process.name = path.substr(path.rfind('/') + 1);
    process.command = CommandOf(pid);
    process.cwd = WorkingDirectoryOf(pid);
    // PROC_PIDTBSDINFO would tell the same, but not about processes of other users.
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
    kinfo_proc kernel;
    size_t size = sizeof(kernel);
    if (sysctl(name, 4, &kernel, &size, nullptr, 0) != 0 || size != sizeof(kernel)) return process;
    if (kernel.kp_eproc.e_ppid > 0) process.parent = static_cast<uint32_t>(kernel.kp_eproc.e_ppid);
    const timeval& start = kernel.kp_proc.p_starttime;
    process.started_at =
        static_cast<double>(start.tv_sec) * 1000 + static_cast<double>(start.tv_usec) / 1000;
    process.uid = kernel.kp_eproc.e_ucred.cr_uid;
    process.user = UserOf(*process.uid);
    if (process.name.empty()) {
      const char* short_name = kernel.kp_proc.p_comm;
      process.name.assign(short_name, strnlen(short_name, sizeof(kernel.kp_proc.p_comm)));
    }
    if (process.command.empty()) process.command = path;
    return process;
  }

 private:
  std::string UserOf(uid_t uid) {
    const auto [at, is_new] = users_.try_emplace(uid);
    if (!is_new) return at->second;
    std::vector<char> text(1024);
    passwd entry;
    passwd* found = nullptr;
    while (getpwuid_r(uid, &entry, text.data(), text.size(), &found) == ERANGE) {
      text.resize(2 * text.size());
    }
    if (found != nullptr) at->second = found->pw_name;
    return at->second;
  }

  std::map<uid_t, std::string> users_;
};

}  // namespace

const bool kFindsHolders = true;

HoldersReport FindHolders(const HoldersQuestion& question) {
  HoldersReport report;
  const auto pids = ReadList<pid_t>(
      [](void* buffer, int bytes) { return proc_listpids(PROC_ALL_PIDS, 0, buffer, bytes); });
  if (pids.empty()) {
    report.error = {errno, "proc_listpids"};
    return report;
  }
  SocketScan scan(question);
  for (const pid_t pid : pids) scan.Look(pid);
  report.sockets = scan.TakeSockets();

  ProcessDetails processes;
  std::set<uint32_t> reported;
  for (const SocketReport& socket : report.sockets) {
    for (const uint32_t pid : socket.pids) {
      std::optional<uint32_t> next = pid;
      while (next && reported.insert(*next).second) {
        report.processes.push_back(processes.Of(*next));
        next = report.processes.back().parent;
      }
    }
  }
  return report;
}

}  // namespace port4me

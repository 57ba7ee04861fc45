// The TCP and UDP sockets of this network namespace, and the locks of its leases, as Linux tells
// them.

#ifndef PORT4ME_SYSTEM_INET_SOCKETS_LINUX_H_
#define PORT4ME_SYSTEM_INET_SOCKETS_LINUX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "system/holders.h"

namespace port4me {

// The number of a socket in its file system. The links in /proc/PID/fd name it. 0: no process has
// the socket.
using Inode = uint32_t;

struct InetSocket {
  SocketReport report;
  Inode inode = 0;
};

// A lock of a leased port: port_lock.h. It may have two names, and so two sockets.
struct LeaseLock {
  Protocol protocol;
  uint16_t port;
  Inode inode;
};

// The label of a lease: PortLock::TakeLabel().
struct LeaseLabel {
  std::string label;
  uint16_t port;
  Inode inode;
};

// Adds the sockets that belong to the question. Sockets that listen or are only bound are added
// even if the question does not name their states. False, with `*error` set, on failure.
//
// The kernel is asked by sock_diag(7). Where that is forbidden, the tables of proc_pid_net(5) are
// read. They have no TCP sockets that are only bound. Kernels before 6.8 do not tell those either
// (commit 91051f003948, "tcp: Dump bound-only sockets in inet_diag").
bool ListInetSockets(const HoldersQuestion& question, std::vector<InetSocket>* sockets,
                     SystemError* error);

// Adds the locks of the leases that belong to the question. Adds none where the system does not
// tell them.
void ListLeaseLocks(const HoldersQuestion& question, std::vector<LeaseLock>* locks,
                    std::vector<LeaseLabel>* labels);

// Whether the question is about a port. `sorted` are its ports in order.
bool IsAsked(const std::vector<uint16_t>& sorted, uint16_t port);

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_INET_SOCKETS_LINUX_H_

// Finds the sockets of ports and the processes that have them. CMakeLists.txt chooses the file that
// implements FindHolders().

#ifndef PORT4ME_SYSTEM_HOLDERS_H_
#define PORT4ME_SYSTEM_HOLDERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codes.h"
#include "system/socket.h"

namespace port4me {

struct HoldersQuestion {
  std::vector<uint16_t> ports;  // empty: all ports
  bool tcp = false;
  bool udp = false;
  uint8_t states = 0;  // a sum of State
  // Processes whose working directory is in this folder are looked at first, after this process
  // and its descendants. Empty: no such folder.
  std::string folder;
};

// SocketReport of binding.d.ts. A value that the system does not tell is missing.
struct SocketReport {
  uint16_t port = 0;
  Protocol protocol = Protocol::kTcp;
  std::optional<Endpoint> endpoint{};  // its address; an IPv4-mapped address is given as IPv4
  std::optional<bool> v6_only{};
  State state = kStateBound;
  std::optional<uint32_t> uid{};
  std::string user;  // empty: not known
  std::optional<bool> leased{};
  std::string label;  // of the lease; empty: none
  std::vector<uint32_t> pids;
};

// ProcessReport of binding.d.ts. A text is empty if the system does not tell it.
struct ProcessReport {
  uint32_t pid = 0;
  std::optional<uint32_t> parent{};
  std::string name;
  std::string command;  // bytes; perhaps not UTF-8
  std::optional<uint32_t> uid{};
  std::string user;
  std::string cwd;
  std::optional<double> started_at{};  // in milliseconds since 1970, UTC
  std::string cgroup;
};

struct HoldersReport {
  std::vector<SocketReport> sockets;
  std::vector<ProcessReport> processes;
  SystemError error{};  // number 0: nothing failed
};

// Whether FindHolders() is implemented for this system.
extern const bool kFindsHolders;

// May be called in any thread.
HoldersReport FindHolders(const HoldersQuestion& question);

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_HOLDERS_H_

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "system/holders.h"
#include "system/inet_sockets_linux.h"
#include "system/proc_linux.h"

namespace port4me {
namespace {

// The parent of a process, its parent, and so on. Process ids may be used again while they are
// read, so that the chain could become a ring.
std::vector<uint32_t> AncestorsOf(Proc* proc, uint32_t pid) {
  std::vector<uint32_t> ancestors;
  std::set<uint32_t> seen{pid};
  while (true) {
    const std::optional<ProcessReport>& process = proc->Describe(pid);
    if (!process || !process->parent || !seen.insert(*process->parent).second) return ancestors;
    pid = *process->parent;
    ancestors.push_back(pid);
  }
}

// Finds the processes that have certain sockets.
//
// To read all descriptors of all processes takes long, so the likely holders come first: this
// process, its descendants, the processes of a folder, then the others, the youngest first. The
// search ends when each socket was found. Several processes may have one socket. They have it from
// a common ancestor, or a process passed it on. So at the end the parents and children of holders
// are looked at, too, and in all other processes the descriptors with the same numbers: a child has
// a socket under the number of its parent, unless it was told to use another one.
class SocketSearch {
 public:
  SocketSearch(Proc* proc, std::set<Inode> sought) : proc_(*proc), sought_(std::move(sought)) {}

  void Run(const std::string& folder) {
    if (IsDone()) return;
    const auto own = static_cast<uint32_t>(getpid());
    LookAt(own);
    if (!IsDone()) LookAtDescendants(own);
    processes_ = proc_.Processes();
    if (!IsDone() && !folder.empty()) LookAtFolder(folder);
    for (auto pid = processes_.rbegin(); pid != processes_.rend() && !IsDone(); ++pid) {
      LookAt(*pid);
    }
    LookAtRelatives();
  }

  // The processes that have a socket, in order.
  std::vector<uint32_t> HoldersOf(Inode inode) const {
    const auto found = found_.find(inode);
    if (found == found_.end()) return {};
    return {found->second.begin(), found->second.end()};
  }

 private:
  bool IsDone() const { return found_.size() == sought_.size() || proc_.error().number != 0; }

  void LookAt(uint32_t pid) {
    if (!seen_.insert(pid).second) return;
    proc_.EachSocket(pid, [&](const char* number, Inode inode) { Note(pid, number, inode); });
  }

  void Note(uint32_t pid, const char* number, Inode inode) {
    if (!sought_.contains(inode)) return;
    found_[inode].insert(pid);
    numbers_.insert(number);
    if (known_holders_.insert(pid).second) holders_.push_back(pid);
  }

  void LookAtDescendants(uint32_t pid) {
    const std::optional<std::vector<uint32_t>> children = proc_.ChildrenOf(pid);
    if (!children) return;
    for (const uint32_t child : *children) {
      LookAt(child);
      LookAtDescendants(child);
    }
  }

  void LookAtFolder(const std::string& folder) {
    for (auto pid = processes_.rbegin(); pid != processes_.rend() && !IsDone(); ++pid) {
      if (!seen_.contains(*pid) && IsIn(folder, proc_.WorkingDirectory(*pid))) LookAt(*pid);
    }
  }

  static bool IsIn(const std::string& folder, const std::string& path) {
    if (!path.starts_with(folder)) return false;
    return path.size() == folder.size() || folder.ends_with('/') || path[folder.size()] == '/';
  }

  void LookAtRelatives() {
    // LookAt() adds to the holders.
    for (size_t i = 0; i < holders_.size() && proc_.error().number == 0; ++i) {
      LookAtParent(holders_[i]);
      const std::optional<std::vector<uint32_t>> children = proc_.ChildrenOf(holders_[i]);
      for (const uint32_t child : children ? *children : processes_) LookAt(child);
    }
    // With many numbers it is quicker to read the whole folder of a process.
    constexpr size_t kFew = 8;
    const std::vector<std::string> numbers(numbers_.begin(), numbers_.end());
    for (const uint32_t pid : processes_) {
      if (seen_.contains(pid)) continue;
      if (numbers.size() > kFew) LookAt(pid);
      for (size_t i = 0; i < numbers.size() && numbers.size() <= kFew; ++i) {
        if (const Inode inode = proc_.SocketOf(pid, numbers[i].c_str())) {
          Note(pid, numbers[i].c_str(), inode);
        }
      }
    }
  }

  // Looks at the parent of a holder. If it is a holder too, it is in the list of holders now.
  void LookAtParent(uint32_t pid) {
    const std::optional<ProcessReport>& process = proc_.Describe(pid);
    if (process && process->parent) LookAt(*process->parent);
  }

  Proc& proc_;
  const std::set<Inode> sought_;
  std::map<Inode, std::set<uint32_t>> found_;
  std::vector<uint32_t> processes_;
  std::set<uint32_t> seen_;
  std::vector<uint32_t> holders_;  // in the order in which they were found
  std::set<uint32_t> known_holders_;
  std::set<std::string> numbers_;  // of the descriptors that were found
};

// Describes the processes that the sockets name, and their ancestors. Takes processes that have
// ended meanwhile out of the sockets.
std::vector<ProcessReport> DescribeProcesses(Proc* proc, std::vector<InetSocket>* sockets) {
  std::set<uint32_t> holders;
  std::set<uint32_t> ancestors;
  for (InetSocket& socket : *sockets) {
    std::vector<uint32_t>& pids = socket.report.pids;
    std::erase_if(pids, [&](uint32_t pid) { return !proc->Describe(pid); });
    holders.insert(pids.begin(), pids.end());
  }
  std::vector<ProcessReport> processes;
  for (const uint32_t pid : holders) {
    processes.push_back(*proc->Describe(pid));
    proc->DescribeMore(&processes.back());
    for (const uint32_t ancestor : AncestorsOf(proc, pid)) {
      if (!holders.contains(ancestor)) ancestors.insert(ancestor);
    }
  }
  for (const uint32_t pid : ancestors) {
    if (const std::optional<ProcessReport>& process = proc->Describe(pid)) {
      processes.push_back(*process);
    }
  }
  return processes;
}

bool HaveCommon(const std::vector<uint32_t>& some, const std::vector<uint32_t>& others) {
  return std::any_of(some.begin(), some.end(), [&](uint32_t pid) {
    return std::find(others.begin(), others.end(), pid) != others.end();
  });
}

// Marks the sockets of leases. A lease whose sockets the kernel does not tell gets a socket of its
// own, without an address.
void MarkLeases(const std::vector<LeaseLock>& locks, const std::vector<LeaseLabel>& labels,
                const SocketSearch& search, std::vector<InetSocket>* sockets) {
  for (InetSocket& socket : *sockets) socket.report.leased = false;
  std::set<std::pair<Protocol, uint16_t>> done;  // a lock may have two names
  for (const LeaseLock& lock : locks) {
    if (!done.insert({lock.protocol, lock.port}).second) continue;
    const std::vector<uint32_t> pids = search.HoldersOf(lock.inode);
    bool is_told = false;
    // A lease that has a bound socket does not listen. The process may serve the port with another
    // socket.
    for (const State state : {kStateBound, kStateListening}) {
      if (is_told) break;
      for (InetSocket& socket : *sockets) {
        SocketReport& report = socket.report;
        if (report.port != lock.port || report.protocol != lock.protocol) continue;
        if (report.state != state) continue;
        // Another user's process cannot be seen. Then the socket that only holds the port is its.
        const bool is_unseen = pids.empty() && report.pids.empty() && state == kStateBound;
        if (!is_unseen && !HaveCommon(pids, report.pids)) continue;
        report.leased = true;
        is_told = true;
      }
    }
    if (is_told) continue;
    InetSocket socket;
    socket.report.port = lock.port;
    socket.report.protocol = lock.protocol;
    socket.report.leased = true;
    socket.report.pids = pids;
    sockets->push_back(std::move(socket));
  }
  for (const LeaseLabel& label : labels) {
    const std::vector<uint32_t> pids = search.HoldersOf(label.inode);
    for (InetSocket& socket : *sockets) {
      SocketReport& report = socket.report;
      if (report.port == label.port && report.leased == true && HaveCommon(pids, report.pids)) {
        report.label = label.label;
      }
    }
  }
}

}  // namespace

const bool kFindsHolders = true;

HoldersReport FindHolders(const HoldersQuestion& question) {
  HoldersReport report;
  std::vector<InetSocket> sockets;
  std::vector<LeaseLock> locks;
  std::vector<LeaseLabel> labels;
  if (!ListInetSockets(question, &sockets, &report.error)) return report;
  ListLeaseLocks(question, &locks, &labels);

  std::set<Inode> sought;
  for (const InetSocket& socket : sockets) {
    const bool is_asked = (socket.report.state & question.states) != 0;
    if (socket.inode != 0 && (is_asked || !locks.empty())) sought.insert(socket.inode);
  }
  for (const LeaseLock& lock : locks) sought.insert(lock.inode);
  for (const LeaseLabel& label : labels) sought.insert(label.inode);
  Proc proc;
  SocketSearch search(&proc, std::move(sought));
  search.Run(question.folder);
  for (InetSocket& socket : sockets) socket.report.pids = search.HoldersOf(socket.inode);
  MarkLeases(locks, labels, search, &sockets);
  std::erase_if(sockets, [&](const InetSocket& socket) {
    return (socket.report.state & question.states) == 0;
  });

  report.processes = DescribeProcesses(&proc, &sockets);
  report.error = proc.error();
  std::map<uint32_t, std::string> users;
  for (InetSocket& socket : sockets) {
    SocketReport& told = socket.report;
    if (told.uid) {
      const auto [name, is_new] = users.try_emplace(*told.uid);
      if (is_new) name->second = UserName(*told.uid);
      told.user = name->second;
    }
    report.sockets.push_back(std::move(told));
  }
  return report;
}

}  // namespace port4me

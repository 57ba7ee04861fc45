// Reads /proc: proc(5).

#ifndef PORT4ME_SYSTEM_PROC_LINUX_H_
#define PORT4ME_SYSTEM_PROC_LINUX_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "system/holders.h"
#include "system/inet_sockets_linux.h"

namespace port4me {

// Whether a system call failed because the system or the process has too little of something. Then
// an answer would be wrong, and not only incomplete.
bool IsShortage(int number);

// A file's bytes. std::nullopt, with errno set, if it cannot be read.
std::optional<std::string> ReadWhole(int folder, const char* path);

// Calls `read` with each line of a text.
void EachLine(const std::string& text, const std::function<void(const char* line)>& read);

// The folder /proc. Each function returns nothing for a process that has ended meanwhile, or that
// this process may not look at, and for all processes if the folder is that of another pid
// namespace.
class Proc {
 public:
  Proc();
  ~Proc();
  Proc(const Proc&) = delete;
  Proc& operator=(const Proc&) = delete;

  // Set when a system call failed for want of descriptors or memory.
  const SystemError& error() const { return error_; }

  // The processes in the folder. None if there is no /proc.
  std::vector<uint32_t> Processes();

  // The children of a process. std::nullopt if the kernel does not tell them: they need
  // CONFIG_PROC_CHILDREN.
  std::optional<std::vector<uint32_t>> ChildrenOf(uint32_t pid);

  // Calls `read` with the number and the inode of each descriptor that is a socket.
  void EachSocket(uint32_t pid, const std::function<void(const char* number, Inode)>& read);

  // The inode of one descriptor; 0 if it is not a socket, or does not exist.
  Inode SocketOf(uint32_t pid, const char* descriptor);

  // The working directory; empty if it is not known.
  std::string WorkingDirectory(uint32_t pid);

  // The parent, the name and the start time. std::nullopt if the process has ended. What was read
  // once is kept.
  const std::optional<ProcessReport>& Describe(uint32_t pid);
  // Adds the rest: what is told only about holders.
  void DescribeMore(ProcessReport* process);

 private:
  // A descriptor of a folder in /proc, which the caller must close. -1 if it cannot be opened.
  int OpenFolder(const char* path);
  std::optional<ProcessReport> ReadStat(uint32_t pid);
  std::string Link(uint32_t pid, const char* name);
  std::optional<std::string> File(uint32_t pid, const char* name);
  // Stores the error of the last system call if it is a shortage.
  void NoteError(const char* syscall);

  int folder_;
  SystemError error_{};
  std::map<uint32_t, std::optional<ProcessReport>> described_;
};

// The name of a user; empty if the user has none.
std::string UserName(uint32_t uid);

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_PROC_LINUX_H_

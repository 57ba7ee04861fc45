#include "system/proc_linux.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace port4me {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

// getdents64(2) needs no memory for each folder, as opendir(3) does.
struct Entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[1];
};

bool IsNumber(const char* text) { return *text >= '0' && *text <= '9'; }

uint32_t ToNumber(std::string_view text) {
  uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The size of an open file; 0 if it is not known. (Before version 2.33, glibc has no fstat() in its
// shared library. The static part that has it brings a stack protector with a fixed guard.)
uint64_t SizeOf(int descriptor) {
  struct statx status;
  const long result = syscall(SYS_statx, descriptor, "", AT_EMPTY_PATH, STATX_SIZE, &status);
  return result == 0 ? status.stx_size : 0;
}

// Calls `read` with each name in a folder that is a number.
void EachNumber(int folder, const std::function<void(const char* name)>& read) {
  alignas(Entry) std::array<char, 16384> buffer;
  long length;
  while ((length = syscall(SYS_getdents64, folder, buffer.data(), buffer.size())) > 0) {
    for (long at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const Entry*>(&buffer[static_cast<size_t>(at)]);
      if (IsNumber(entry->name)) read(entry->name);
      at += entry->length;
    }
  }
}

double Milliseconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// When the clock of start times was 0, in milliseconds since 1970. proc_pid_stat(5): start times
// count from the boot, in clock ticks. It is read once, so that a process always has the same start
// time.
double BootTime() {
  static const double boot_time = [] {
    timespec now, since_boot;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    return Milliseconds(now) - Milliseconds(since_boot);
  }();
  return boot_time;
}

// Reads a link in /proc/PID/fd. Sets `*inode` to that of the socket that it names, or to 0 if it
// names something else. False if there is no such link.
bool SocketAt(int folder, const char* name, Inode* inode) {
  constexpr std::string_view kPrefix = "socket:[";
  char link[64];
  const ssize_t length = readlinkat(folder, name, link, sizeof(link));
  if (length <= 0) return false;
  const std::string_view text(link, static_cast<size_t>(length));
  *inode = text.starts_with(kPrefix) ? ToNumber(text.substr(kPrefix.size())) : 0;
  return true;
}

}  // namespace

bool IsShortage(int number) {
  return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS;
}

std::optional<std::string> ReadWhole(int folder, const char* path) {
  const int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::string text;
  ssize_t count;
  do {
    const size_t before = text.size();
    text.resize(before + std::max<size_t>(before, 4096));
    do {
      count = read(descriptor, text.data() + before, text.size() - before);
    } while (count < 0 && errno == EINTR);
    text.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
  } while (count > 0);
  const int number = errno;
  close(descriptor);
  errno = number;
  if (count < 0) return std::nullopt;
  return text;
}

void EachLine(const std::string& text, const std::function<void(const char* line)>& read) {
  std::string line;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    line.assign(text, begin, end - begin);
    read(line.c_str());
    begin = end + 1;
  }
}

Proc::Proc() : folder_(open("/proc", kOpenFolder)) {
  if (folder_ < 0) {
    NoteError("open");
    return;
  }
  // A /proc that was mounted in another pid namespace tells other numbers than kill(2) takes:
  // pid_namespaces(7), "/proc and PID namespaces".
  char self[16];
  const ssize_t length = readlinkat(folder_, "self", self, sizeof(self));
  if (length > 0 &&
      ToNumber({self, static_cast<size_t>(length)}) == static_cast<uint32_t>(getpid())) {
    return;
  }
  close(folder_);
  folder_ = -1;
}

Proc::~Proc() {
  if (folder_ >= 0) close(folder_);
}

void Proc::NoteError(const char* syscall) {
  if (error_.number == 0 && IsShortage(errno)) error_ = {errno, syscall};
}

int Proc::OpenFolder(const char* path) {
  const int folder = openat(folder_, path, kOpenFolder);
  if (folder < 0) NoteError("open");
  return folder;
}

std::vector<uint32_t> Proc::Processes() {
  std::vector<uint32_t> pids;
  const int folder = OpenFolder(".");
  if (folder < 0) return pids;
  EachNumber(folder, [&](const char* name) { pids.push_back(ToNumber(name)); });
  close(folder);
  return pids;
}

std::optional<std::vector<uint32_t>> Proc::ChildrenOf(uint32_t pid) {
  std::vector<uint32_t> children;
  bool is_told = true;
  char path[48];
  std::snprintf(path, sizeof(path), "%u/task", pid);
  const int folder = OpenFolder(path);
  if (folder < 0) return children;
  EachNumber(folder, [&](const char* thread) {
    std::snprintf(path, sizeof(path), "%s/children", thread);
    const std::optional<std::string> text = ReadWhole(folder, path);
    if (!text) {
      NoteError("open");
      // A thread that has ended leaves no folder behind.
      is_told = is_told && (errno != ENOENT || faccessat(folder, thread, F_OK, 0) != 0);
      return;
    }
    const char* const end = text->data() + text->size();
    uint32_t child;
    for (const char* at = text->data(); at < end; ++at) {
      const auto [next, failure] = std::from_chars(at, end, child);
      if (failure != std::errc{}) break;
      children.push_back(child);
      at = next;
    }
  });
  close(folder);
  if (!is_told) return std::nullopt;
  return children;
}

// To list the folder takes a third of the time. So the lowest numbers are tried first, because most
// processes use only those. Since Linux 6.2 the size of the folder is the number of descriptors
// (commit f1f1f2569901, "proc: report open files as size in stat() for /proc/pid/fd").
void Proc::EachSocket(uint32_t pid, const std::function<void(const char* number, Inode)>& read) {
  char path[32];
  std::snprintf(path, sizeof(path), "%u/fd", pid);
  const int folder = OpenFolder(path);
  if (folder < 0) return;
  const uint64_t count = SizeOf(folder);
  constexpr int kMostGaps = 4;  // after so many unused numbers in a row the folder is listed
  uint64_t found = 0;
  uint32_t next = 0;
  for (int gaps = 0; found < count && gaps < kMostGaps; ++next) {
    char number[16];
    std::snprintf(number, sizeof(number), "%u", next);
    Inode inode;
    gaps = SocketAt(folder, number, &inode) ? 0 : gaps + 1;
    if (gaps > 0) continue;
    ++found;
    if (inode != 0) read(number, inode);
  }
  if (found < count || count == 0) {
    EachNumber(folder, [&](const char* number) {
      Inode inode;
      if (ToNumber(number) < next || !SocketAt(folder, number, &inode)) return;
      if (inode != 0) read(number, inode);
    });
  }
  close(folder);
}

Inode Proc::SocketOf(uint32_t pid, const char* descriptor) {
  char path[48];
  std::snprintf(path, sizeof(path), "%u/fd/%s", pid, descriptor);
  Inode inode;
  return SocketAt(folder_, path, &inode) ? inode : 0;
}

std::string Proc::Link(uint32_t pid, const char* name) {
  char path[48];
  std::snprintf(path, sizeof(path), "%u/%s", pid, name);
  char link[4096];
  const ssize_t length = readlinkat(folder_, path, link, sizeof(link));
  return length > 0 ? std::string(link, static_cast<size_t>(length)) : std::string();
}

std::string Proc::WorkingDirectory(uint32_t pid) { return Link(pid, "cwd"); }

std::optional<std::string> Proc::File(uint32_t pid, const char* name) {
  char path[48];
  std::snprintf(path, sizeof(path), "%u/%s", pid, name);
  std::optional<std::string> text = ReadWhole(folder_, path);
  if (!text) NoteError("open");
  return text;
}

// The fields are those of proc_pid_stat(5): "PID (NAME) STATE PARENT ...". The name may contain
// spaces and parentheses.
const std::optional<ProcessReport>& Proc::Describe(uint32_t pid) {
  const auto [place, is_new] = described_.try_emplace(pid);
  if (is_new) place->second = ReadStat(pid);
  return place->second;
}

std::optional<ProcessReport> Proc::ReadStat(uint32_t pid) {
  const std::optional<std::string> stat = File(pid, "stat");
  if (!stat) return std::nullopt;
  const size_t open = stat->find('(');
  const size_t close = stat->rfind(')');
  if (open == stat->npos || close == stat->npos) return std::nullopt;
  ProcessReport process;
  process.pid = pid;
  process.name = stat->substr(open + 1, close - open - 1);
  char state;
  unsigned parent;
  unsigned long long started;
  constexpr char kFields[] =
      " %c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu";
  if (std::sscanf(stat->c_str() + close + 1, kFields, &state, &parent, &started) != 3) {
    return std::nullopt;
  }
  if (state == 'Z' || state == 'X') return std::nullopt;  // it has ended
  if (parent != 0) process.parent = parent;
  process.started_at = std::floor(BootTime() + static_cast<double>(started) * 1e3 /
                                                   static_cast<double>(sysconf(_SC_CLK_TCK)));
  // The kernel cuts the name after 15 bytes. Since version 26, Node.js calls its main thread
  // "node-MainThread".
  if (process.name.size() >= 15) {
    const std::string program = Link(pid, "exe");
    const size_t slash = program.rfind('/');
    if (slash != program.npos) {
      process.name = program.substr(slash + 1);
      constexpr std::string_view kDeleted = " (deleted)";
      if (process.name.ends_with(kDeleted)) {
        process.name.resize(process.name.size() - kDeleted.size());
      }
    }
  }
  return process;
}

void Proc::DescribeMore(ProcessReport* process) {
  const uint32_t pid = process->pid;
  process->cwd = WorkingDirectory(pid);
  if (std::optional<std::string> cgroup = File(pid, "cgroup")) process->cgroup = *std::move(cgroup);
  if (const std::optional<std::string> status = File(pid, "status")) {
    const size_t at = status->find("\nUid:");
    unsigned effective;
    if (at != status->npos && std::sscanf(status->c_str() + at, "\nUid: %*u %u", &effective) == 1) {
      process->uid = effective;
      process->user = UserName(effective);
    }
  }
  // Each word ends with a zero byte. A program that changes its title may leave several at the end.
  if (std::optional<std::string> words = File(pid, "cmdline")) {
    std::string& command = *words;
    while (!command.empty() && command.back() == '\0') command.pop_back();
    std::replace(command.begin(), command.end(), '\0', ' ');
    process->command = std::move(command);
  }
  if (process->command.empty()) process->command = process->name;
}

std::string UserName(uint32_t uid) {
  std::array<char, 4096> buffer;
  passwd entry;
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return {};
  }
  return found->pw_name;
}

}  // namespace port4me

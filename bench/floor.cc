// The floor: a program that makes only the system calls of a probe. It reads lines of a question, a
// port and a count, and writes the nanoseconds of one answer, and the answer. "free" and "busy"
// look for the first port, from the given one, that can be bound. "fresh" starts one port higher
// each time. "all" counts the ports from 1024 that can be bound. "links" reads the links in
// /proc/PID/fd, of the youngest process first, until one names the socket with the given inode.
//
// "floor fill PROCESSES DESCRIPTORS" is another program: it starts processes, each with so many
// descriptors, half of them sockets. One in the middle listens. It writes the port and the inode of
// that socket, and ends with its input.
//
// A second thread sleeps during the measurement. Every Node.js process has several threads, and in
// such a process Linux counts the references to a descriptor at each system call (fdget() in
// fs/file.c), which takes time.

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace {

int Open() {
  const int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int off = 0;
  if (descriptor < 0 || setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) {
    std::cerr << "floor: no dual-stack socket\n";
    std::exit(1);
  }
  return descriptor;
}

bool Bind(int descriptor, int port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<uint16_t>(port));
  return bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// The first port, from `first`, that can be bound. The socket is kept after a refused bind.
int FirstFree(int first) {
  const int descriptor = Open();
  int port = first;
  while (!Bind(descriptor, port)) ++port;
  close(descriptor);
  return port;
}

// Binds each port of 1024-65535 once. The socket is kept after a refused bind.
int BindAll() {
  int bound = 0;
  int descriptor = Open();
  for (int port = 1024; port <= 65535; ++port) {
    if (!Bind(descriptor, port)) continue;
    ++bound;
    close(descriptor);
    descriptor = Open();
  }
  close(descriptor);
  return bound;
}

// The process that has the socket; 0 if none has.
int FindSocket(int64_t inode) {
  const std::string wanted = "socket:[" + std::to_string(inode) + "]";
  std::vector<int> pids;
  DIR* const processes = opendir("/proc");
  while (const dirent* entry = readdir(processes)) {
    if (const int pid = std::atoi(entry->d_name)) pids.push_back(pid);
  }
  closedir(processes);
  for (auto pid = pids.rbegin(); pid != pids.rend(); ++pid) {
    DIR* const descriptors = opendir(("/proc/" + std::to_string(*pid) + "/fd").c_str());
    if (descriptors == nullptr) continue;
    bool is_found = false;
    while (const dirent* entry = readdir(descriptors)) {
      char link[64];
      const ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, link, sizeof(link));
      is_found = length == static_cast<ssize_t>(wanted.size()) &&
                 std::memcmp(link, wanted.data(), wanted.size()) == 0;
      if (is_found) break;
    }
    closedir(descriptors);
    if (is_found) return *pid;
  }
  return 0;
}

// Writes the port and the inode of a new server.
void Serve() {
  const int descriptor = Open();
  sockaddr_in6 address{};
  socklen_t length = sizeof(address);
  struct stat status;
  if (listen(descriptor, 1) != 0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      fstat(descriptor, &status) != 0) {
    std::exit(1);
  }
  std::cout << ntohs(address.sin6_port) << ' ' << status.st_ino << std::endl;
}

int Fill(int processes, int descriptors) {
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = fork();
    if (child < 0) return 1;
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    // Those of the program that started this one would be counted, too.
    for (int j = 3; j < 1024; ++j) close(j);
    for (int j = 3; j < descriptors; ++j) {
      if ((j % 2 == 0 ? socket(AF_INET, SOCK_STREAM, 0) : open("/dev/null", O_RDONLY)) < 0)
        _exit(1);
    }
    if (i == processes / 2) Serve();
    pause();
    _exit(0);
  }
  std::cin.get();
  for (const pid_t child : children) kill(child, SIGKILL);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4 && std::strcmp(arguments[1], "fill") == 0) {
    return Fill(std::atoi(arguments[2]), std::atoi(arguments[3]));
  }
  std::binary_semaphore is_done{0};
  std::jthread sleeper([&] { is_done.acquire(); });
  std::string question;
  int64_t argument;
  int64_t times;
  while (std::cin >> question >> argument >> times) {
    const auto start = std::chrono::steady_clock::now();
    int answer = 0;
    for (int64_t i = 0; i < times; ++i) {
      if (question == "all") {
        answer = BindAll();
      } else if (question == "links") {
        answer = FindSocket(argument);
      } else {
        answer = FirstFree(static_cast<int>(question == "fresh" ? argument + i : argument));
      }
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    std::cout << spent.count() / static_cast<double>(times) << ' ' << answer << std::endl;
  }
  is_done.release();
}

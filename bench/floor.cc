// The floor: a program that makes only the system calls of a probe. It reads lines of a question, a
// port and a count, and writes the nanoseconds of one answer, and the answer. "free" and "busy"
// look for the first port, from the given one, that can be bound. "fresh" starts one port higher
// each time. "all" counts the ports from 1024 that can be bound.
//
// A second thread sleeps during the measurement. Every Node.js process has several threads, and in
// such a process Linux counts the references to a descriptor at each system call (fdget() in
// fs/file.c), which takes time.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <semaphore>
#include <string>
#include <thread>

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

}  // namespace

int main() {
  std::binary_semaphore is_done{0};
  std::jthread sleeper([&] { is_done.acquire(); });
  std::string question;
  int argument;
  int64_t times;
  while (std::cin >> question >> argument >> times) {
    const auto start = std::chrono::steady_clock::now();
    int answer = 0;
    for (int64_t i = 0; i < times; ++i) {
      if (question == "all") {
        answer = BindAll();
      } else {
        answer = FirstFree(question == "fresh" ? argument + static_cast<int>(i) : argument);
      }
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    std::cout << spent.count() / static_cast<double>(times) << ' ' << answer << std::endl;
  }
  is_done.release();
}

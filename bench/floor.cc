// The floor: the system calls of a probe and nothing else. Reads lines of a question, a port and a
// count; writes nanoseconds per time and the answer. "free" and "busy" ask for the first port from
// the given one on that can be bound, "fresh" for the given one and those after it in turn, "all"
// how many can be bound of all from 1024 on.
//
// A second thread sleeps meanwhile. Every Node.js process has several, and Linux counts references
// to a descriptor at each system call of such a process (fdget() in fs/file.c), which takes time.

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

// The first of `first`... that can be bound, with the socket kept across refused binds.
int FirstFree(int first) {
  const int descriptor = Open();
  int port = first;
  while (!Bind(descriptor, port)) ++port;
  close(descriptor);
  return port;
}

// Each of 1024-65535 once, with the socket kept across refused binds.
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

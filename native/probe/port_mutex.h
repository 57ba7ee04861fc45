// Keeps two threads of this process from probing one port at the same time: a probe holds its port
// for an instant, and they must not take each other for a server.

#ifndef PORT4ME_PROBE_PORT_MUTEX_H_
#define PORT4ME_PROBE_PORT_MUTEX_H_

#include <cstdint>
#include <mutex>

namespace port4me {

// The mutex of a port, shared by few others: threads that ask about different ports hardly ever
// wait for each other. It may be locked until the very end of the process.
std::mutex& MutexOf(uint16_t port);

}  // namespace port4me

#endif  // PORT4ME_PROBE_PORT_MUTEX_H_

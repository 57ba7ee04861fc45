// Keeps two threads of this process from probing one port at the same time. A probe holds its port
// for an instant, and another probe must not take it for a server.

#ifndef PORT4ME_PROBE_PORT_MUTEX_H_
#define PORT4ME_PROBE_PORT_MUTEX_H_

#include <cstdint>
#include <mutex>

namespace port4me {

// The mutex of a port. Few ports share one, so threads that probe different ports hardly ever wait
// for each other. The mutex stays usable while the process exits.
std::mutex& MutexOf(uint16_t port);

}  // namespace port4me

#endif  // PORT4ME_PROBE_PORT_MUTEX_H_

// Decides whether to probe a refused port once more. The probe of another process holds a port for
// some microseconds, while a server keeps it. Without a second probe, programs that start at the
// same moment would all pass over their own port because of each other's probes.

#ifndef PORT4ME_PROBE_PATIENCE_H_
#define PORT4ME_PROBE_PATIENCE_H_

#include <cstdint>

namespace port4me {

// How many times to probe again. Each time follows a wait.
constexpr int kRetries = 3;

// Sleeps for a random time of 0.2 to 1 ms, so that probes which collided do not collide again.
// (Windows sleeps for up to one tick of its clock, about 16 ms.)
void WaitForAnotherProbe();

// Whether another probe is useless, because the port is known to have a server: for at least 40 ms
// each thread of this process that probed it found it in use after all waits, the last time less
// than a second ago. (40 ms, because a program that the system interrupts during its probe holds
// the port until it runs again.)
bool IsKnownToBeInUse(uint16_t port);

// The port was in use after all waits.
void NoteInUse(uint16_t port);
void NoteFree(uint16_t port);

}  // namespace port4me

#endif  // PORT4ME_PROBE_PATIENCE_H_

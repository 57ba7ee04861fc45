// Whether to ask again about a port that was just refused. Another process that looks whether the
// port is free, as this one does, holds it for some microseconds; programs that start at the same
// moment would all lose their own port to each other. A server keeps it.

#ifndef PORT4ME_PROBE_PATIENCE_H_
#define PORT4ME_PROBE_PATIENCE_H_

#include <cstdint>

namespace port4me {

// How often to ask again, after a wait each.
constexpr int kPatientTries = 3;

// Sleeps for 0.2 to 1 ms, at random, so that those who collided do not meet again. (Windows sleeps
// for up to a tick of its clock, some 16 ms.)
void WaitForAnotherProbe();

// Whether asking again is no use: the port was found in use in spite of all waits, whenever a
// thread of this process asked for 40 ms or longer, last less than a second ago. (A program that is
// interrupted while it looks holds the port for as long as the others run.)
bool IsKnownToBeInUse(uint16_t port);

// In spite of all waits.
void NoteInUse(uint16_t port);
void NoteFree(uint16_t port);

}  // namespace port4me

#endif  // PORT4ME_PROBE_PATIENCE_H_

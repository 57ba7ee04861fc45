// Keeps ports: takes the lock, binds, and lets servers in.

#ifndef PORT4ME_HOLD_HOLDER_H_
#define PORT4ME_HOLD_HOLDER_H_

#include <cstdint>
#include <vector>

#include "pick.h"
#include "probe/prober.h"
#include "system/port_lock.h"
#include "system/socket.h"

namespace port4me {

// What holds a port; nothing, when it was made by default or released.
class Hold {
 public:
  Hold() = default;
  ~Hold() { Release(); }
  Hold(Hold&&) = default;
  Hold& operator=(Hold&& other) noexcept;

  // Lets go of all. A second time does nothing.
  void Release();

  bool IsEmpty() const { return locks_.empty() && sockets_.empty(); }

  // Lets servers bind the port beside the sockets, which the lock guards from other holders; where
  // the system cannot, lets the sockets go. Sets `*error` when a system call failed.
  void AdmitServers(SystemError* error);

  // Makes the TCP socket listen and gives its descriptor away, to be closed by the caller; what
  // else holds the port stays until Release(). -1: there is not exactly one such socket, or the
  // system has no descriptors; or a system call failed, with `*error` set, and the socket is still
  // held.
  int TakeListeningDescriptor(int backlog, SystemError* error);

 private:
  friend class Holder;

  std::vector<PortLock> locks_;
  std::vector<HeldSocket> sockets_;
};

// Holds the first port that can be held, of those it is asked to try.
class Holder {
 public:
  Holder(const Question& question, Admission admission);

  // kFree: the port is held; Take() gives the hold. kError: error() says what failed, and nothing
  // is held.
  Answer Try(uint16_t port);

  // As Prober::Conclude().
  bool Conclude();

  Hold Take();

  const SystemError& error() const { return error_; }

 private:
  Answer TakeLocks(uint16_t port);

  Question question_;
  Admission admission_;
  Prober prober_;  // asks, where a bind to hold does not see all
  Prober binder_;
  Hold hold_;
  SystemError error_;
};

}  // namespace port4me

#endif  // PORT4ME_HOLD_HOLDER_H_

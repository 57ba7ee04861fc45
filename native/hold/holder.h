// Keeps a port: takes its locks, binds its sockets, and lets servers bind the port beside them.

#ifndef PORT4ME_HOLD_HOLDER_H_
#define PORT4ME_HOLD_HOLDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pick.h"
#include "probe/prober.h"
#include "system/port_lock.h"
#include "system/socket.h"

namespace port4me {

// The locks and sockets that hold a port. It is empty after the default constructor and after
// Release().
class Hold {
 public:
  Hold() = default;
  ~Hold() { Release(); }
  Hold(Hold&&) = default;
  Hold& operator=(Hold&& other) noexcept;

  // Closes all sockets and locks. A second call does nothing.
  void Release();

  bool IsEmpty() const { return locks_.empty() && sockets_.empty(); }

  // Lets servers bind the port beside the sockets, while the locks keep other holders out. Where
  // the system does not support this, the sockets are closed. Sets `*error` when a system call
  // fails.
  void AdmitServers(SystemError* error);

  // Makes the TCP socket listen and returns its descriptor, which the caller must close. The other
  // sockets and the locks stay until Release(). Returns -1 when there is not exactly one TCP
  // socket, when sockets are not descriptors (Windows), or when a system call fails. If a system
  // call fails, `*error` is set and the socket is still held.
  int TakeListeningDescriptor(int backlog, SystemError* error);

 private:
  friend class Holder;

  std::vector<PortLock> locks_;
  std::vector<HeldSocket> sockets_;
};

// Tries ports until one can be held.
class Holder {
 public:
  // `label`: a name for the lease that other processes can see on Linux; empty for none.
  Holder(const Question& question, Admission admission, std::string label = {});

  // kFree: the port was free and is held now; Take() returns the hold. kBusy: nothing is held.
  // kError: error() says which system call failed, and nothing is held.
  Answer Try(uint16_t port);

  // See Prober::CheckDenials().
  bool CheckDenials();

  Hold Take();

  const SystemError& error() const { return error_; }

 private:
  Answer TakeLocks(uint16_t port);

  Question question_;
  Admission admission_;
  std::string label_;
  Prober prober_;  // used only if kHoldNeedsProbe
  Prober binder_;  // binds the sockets that hold the port
  Hold hold_;
  SystemError error_;
};

}  // namespace port4me

#endif  // PORT4ME_HOLD_HOLDER_H_

// The lock of a leased port. On Linux it is an abstract Unix socket with the name
// "\0port4me/<protocol>/<port>" (unix(7)). The name has the same scope as the port, the network
// namespace, and it goes away with its process. It tells a leased port, whose socket has
// SO_REUSEADDR and does not listen, from a port in TIME_WAIT. On other systems the exclusive bind
// is the lock, and these classes do nothing. CMakeLists.txt chooses the file that implements them.
//
// The length is part of an abstract name. libuv before 1.48 pads each name with zero bytes to the
// greatest length (libuv pull request 4266), so the TypeScript engine cannot bind a shorter name
// there. For this reason a lock consists of both names, the exact one and the padded one.

#ifndef PORT4ME_SYSTEM_PORT_LOCK_H_
#define PORT4ME_SYSTEM_PORT_LOCK_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "system/socket.h"

namespace port4me {

enum class LockState : uint8_t {
  kFree,    // nobody had the lock; after Take() this object has it
  kHeld,    // somebody has the lock, perhaps this process
  kFailed,  // a system call failed in a way that says nothing about the lock
};

class PortLock {
 public:
  PortLock() = default;
  ~PortLock() { Release(); }
  PortLock(PortLock&& other) noexcept
      : handles_(std::exchange(other.handles_, kNoHandles)),
        held_(std::exchange(other.held_, std::nullopt)) {}
  PortLock& operator=(PortLock&&) = delete;

  // Takes the lock until Release(). Sets `*error` if it returns kFailed.
  LockState Take(Protocol protocol, uint16_t port, SystemError* error);
  // Keeps others from a lease with the same label, and lets them see the label of this lease, until
  // Release(). Binds the abstract name "\0port4me/service/<label>/0", exact and padded, and then
  // "\0port4me/service/<label>/<port>". Does nothing where there are no such names.
  LockState TakeLabel(const std::string& label, uint16_t port, SystemError* error);
  void Release();

 private:
  static constexpr int kNone = -1;
  struct Held {
    Protocol protocol;
    uint16_t port;
  };
  using Handles = std::array<int, 5>;
  static constexpr Handles kNoHandles{kNone, kNone, kNone, kNone, kNone};
  // Two for the lock of the port, two for the lock of the label, and one that shows the label.
  Handles handles_ = kNoHandles;
  std::optional<Held> held_{};  // set while this object has the lock
};

// Checks whether locks are held, without disturbing them.
class LockChecker {
 public:
  LockChecker() = default;
  ~LockChecker() { Close(); }
  LockChecker(const LockChecker&) = delete;
  LockChecker& operator=(const LockChecker&) = delete;

  // Whether somebody has the lock. Also kFree where a policy forbids to check. Sets `*error` if it
  // returns kFailed.
  LockState Check(Protocol protocol, uint16_t port, SystemError* error);

  // Closes the socket that is kept from one check to the next.
  void Close();

 private:
  // Whether a policy refuses every check, even that of a name which nobody has.
  bool PolicyHidesLocks();

  static constexpr int kNone = -1;
  int handle_ = kNone;                        // kept from one check to the next
  std::optional<bool> policy_hides_locks_{};  // set when the first check is denied
};

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_PORT_LOCK_H_

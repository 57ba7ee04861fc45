// The lock of a leased port. On Linux it is an abstract Unix socket of the name
// "\0port4me/<protocol>/<port>" (unix(7)): of the same scope as the port, the network namespace,
// and gone with its process. It is what tells a leased port, whose socket has SO_REUSEADDR and does
// not listen, from one in TIME_WAIT. Elsewhere the exclusive bind is the lock, and there is nothing
// to take or to look at. CMakeLists.txt chooses the file that implements it.
//
// The length of an abstract name counts, and libuv before 1.48 fills each name with zero bytes to
// the longest (libuv pull request 4266): the TypeScript engine has no other there. So a lock is
// both names.

#ifndef PORT4ME_SYSTEM_PORT_LOCK_H_
#define PORT4ME_SYSTEM_PORT_LOCK_H_

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "system/socket.h"

namespace port4me {

enum class LockState : uint8_t {
  kFree,    // nobody had it; after Take(), this lock has it
  kHeld,    // somebody has it, perhaps this process
  kFailed,  // a system call failed in a way that says nothing about it
};

class PortLock {
 public:
  PortLock() = default;
  ~PortLock() { Release(); }
  PortLock(PortLock&& other) noexcept : handles_(std::exchange(other.handles_, {kNone, kNone})) {}
  PortLock& operator=(PortLock&&) = delete;

  // Takes the lock until Release(). Sets `*error` with kFailed.
  LockState Take(Protocol protocol, uint16_t port, SystemError* error);
  void Release();

 private:
  static constexpr int kNone = -1;
  std::array<int, 2> handles_{kNone, kNone};  // of the two names
};

// Looks at locks without disturbing them.
class LockLook {
 public:
  LockLook() = default;
  ~LockLook() { Close(); }
  LockLook(const LockLook&) = delete;
  LockLook& operator=(const LockLook&) = delete;

  // Whether somebody has the lock; kFree too where the system does not let us look. Sets `*error`
  // with kFailed.
  LockState LookAt(Protocol protocol, uint16_t port, SystemError* error);

  // Closes what is kept from one look to the next.
  void Close();

 private:
  // Whether a policy refuses every look, that at a name which nobody has too.
  bool SeesNothing();

  static constexpr int kNone = -1;
  int handle_ = kNone;                  // kept from one look to the next
  std::optional<bool> sees_nothing_{};  // found out at the first look that is denied
};

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_PORT_LOCK_H_

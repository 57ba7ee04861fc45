// Systems without abstract Unix sockets. The exclusive bind of the port is the lock there.

#include "system/port_lock.h"

namespace port4me {

LockState PortLock::Take(Protocol, uint16_t, SystemError*) { return LockState::kFree; }

LockState PortLock::TakeLabel(const std::string&, uint16_t, SystemError*) {
  return LockState::kFree;
}

void PortLock::Release() { handles_ = {kNone, kNone, kNone}; }

LockState LockChecker::Check(Protocol, uint16_t, SystemError*) { return LockState::kFree; }

bool LockChecker::PolicyHidesLocks() { return false; }

void LockChecker::Close() { handle_ = kNone; }

}  // namespace port4me

// Where there are no abstract Unix sockets: the exclusive bind of the port is the lock.

#include "system/port_lock.h"

namespace port4me {

LockState PortLock::Take(Protocol, uint16_t, SystemError*) { return LockState::kFree; }

void PortLock::Release() { handles_ = {kNone, kNone}; }

LockState LockLook::LookAt(Protocol, uint16_t, SystemError*) { return LockState::kFree; }

bool LockLook::SeesNothing() { return false; }

void LockLook::Close() { handle_ = kNone; }

}  // namespace port4me

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>

#include "system/port_lock.h"
#include "system/socket_posix.h"

namespace port4me {
namespace {

enum class Length : uint8_t { kExact, kFilled };
// In the order of the TypeScript engine, so that of two that race one gets both.
constexpr std::array kLengths{Length::kFilled, Length::kExact};

// An abstract name of a lock.
struct Name {
  Name(Protocol protocol, uint16_t port, Length of) {
    address.sun_family = AF_UNIX;
    const int written =
        std::snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "port4me/%s/%u",
                      protocol == Protocol::kTcp ? "tcp" : "udp", static_cast<unsigned>(port));
    length = static_cast<socklen_t>(
        of == Length::kFilled ? sizeof(address) : offsetof(sockaddr_un, sun_path) + 1 + written);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

  sockaddr_un address{};
  socklen_t length;
};

// Close-on-exec and non-blocking. -1 with `*error` set on failure.
int OpenUnix(SystemError* error) {
  const int descriptor = OpenCloseOnExec(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
  if (descriptor < 0) *error = {errno, "socket"};
  return descriptor;
}

LockState TakeName(const Name& name, int* handle, SystemError* error) {
  *handle = OpenUnix(error);
  if (*handle < 0) return LockState::kFailed;
  if (bind(*handle, name.get(), name.length) != 0) {
    if (errno == EADDRINUSE) return LockState::kHeld;
    *error = {errno, "bind"};
    return LockState::kFailed;
  }
  // Nobody ever accepts: who looks finds room in the queue, or does not, and knows either way.
  if (listen(*handle, 0) != 0) {
    *error = {errno, "listen"};
    return LockState::kFailed;
  }
  return LockState::kFree;
}

}  // namespace

LockState PortLock::Take(Protocol protocol, uint16_t port, SystemError* error) {
  LockState state = LockState::kFree;
  for (size_t i = 0; i < handles_.size() && state == LockState::kFree; ++i) {
    state = TakeName(Name(protocol, port, kLengths[i]), &handles_[i], error);
  }
  if (state != LockState::kFree) Release();
  return state;
}

void PortLock::Release() {
  for (int& handle : handles_) {
    if (handle != kNone) close(handle);
    handle = kNone;
  }
}

LockState LockLook::LookAt(Protocol protocol, uint16_t port, SystemError* error) {
  if (sees_nothing_ == true) return LockState::kFree;
  if (handle_ == kNone) handle_ = OpenUnix(error);
  if (handle_ == kNone) {
    switch (error->number) {
      case EAFNOSUPPORT:  // a policy forbids such sockets: systemd's RestrictAddressFamilies=, or
      case EPERM:  // seccomp(2); what cannot be seen is no reason to refuse a port that binds
      case EACCES: *error = {}; return LockState::kFree;
      default: return LockState::kFailed;
    }
  }
  for (const Length of : kLengths) {
    const Name name(protocol, port, of);
    if (connect(handle_, name.get(), name.length) == 0) {
      Close();  // it is connected now, and no good for another look
      return LockState::kHeld;
    }
    switch (errno) {
      case ECONNREFUSED: break;  // no such name, or one that does not listen; nothing has changed
      case EAGAIN: return LockState::kHeld;  // the queue of those who looked is full
      case EPERM:   // a policy keeps us from the one who has it, as landlock(7) does, scoped; or
      case EACCES:  // seccomp(2) does from any: what cannot be seen is no reason, as above
        return SeesNothing() ? LockState::kFree : LockState::kHeld;
      default: *error = {errno, "connect"}; return LockState::kFailed;
    }
  }
  return LockState::kFree;
}

// A name that nobody has is refused with ECONNREFUSED before Linux asks a security module, which
// decides about two sockets (unix_stream_connect() in net/unix/af_unix.c).
bool LockLook::SeesNothing() {
  if (sees_nothing_) return *sees_nothing_;
  sockaddr_un nobody{};
  nobody.sun_family = AF_UNIX;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const int written = std::snprintf(nobody.sun_path + 1, sizeof(nobody.sun_path) - 1,
                                    "port4me/nobody/%d/%p/%lld", static_cast<int>(getpid()),
                                    static_cast<void*>(this), static_cast<long long>(now));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + written);
  sees_nothing_ = connect(handle_, reinterpret_cast<const sockaddr*>(&nobody), length) != 0 &&
                  (errno == EPERM || errno == EACCES);
  return *sees_nothing_;
}

void LockLook::Close() {
  if (handle_ == kNone) return;
  close(handle_);
  handle_ = kNone;
}

}  // namespace port4me

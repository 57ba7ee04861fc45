#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "system/port_lock.h"
#include "system/socket_posix.h"

namespace port4me {
namespace {

// The ports whose locks this process has, one bit for each. A search skips them without a system
// call. Without this, each of thousands of leases in a loop would try the locks of all leases
// before it.
class OwnLocks {
 public:
  bool Has(Protocol protocol, uint16_t port) const {
    return (WordOf(protocol, port).load(std::memory_order_relaxed) & BitOf(port)) != 0;
  }
  void Add(Protocol protocol, uint16_t port) {
    WordOf(protocol, port).fetch_or(BitOf(port), std::memory_order_relaxed);
  }
  void Remove(Protocol protocol, uint16_t port) {
    WordOf(protocol, port).fetch_and(~BitOf(port), std::memory_order_relaxed);
  }

 private:
  using Word = std::atomic<uint64_t>;
  using Words = std::array<Word, 65536 / 64>;

  static uint64_t BitOf(uint16_t port) { return uint64_t{1} << (port % 64); }
  const Word& WordOf(Protocol protocol, uint16_t port) const {
    return (protocol == Protocol::kTcp ? tcp_ : udp_)[port / 64];
  }
  Word& WordOf(Protocol protocol, uint16_t port) {
    return (protocol == Protocol::kTcp ? tcp_ : udp_)[port / 64];
  }

  Words tcp_{};
  Words udp_{};
};

// Shared by all threads, as locks are. It only saves system calls: the names are the locks.
constinit OwnLocks own_locks;

enum class NameLength : uint8_t { kExact, kPadded };
// The TypeScript engine binds the names in the same order, so that one of two racing processes gets
// both names.
constexpr std::array kNameLengths{NameLength::kPadded, NameLength::kExact};

// An abstract name of a lock.
struct Name {
  Name(Protocol protocol, uint16_t port, NameLength name_length) {
    address.sun_family = AF_UNIX;
    const int written =
        std::snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "port4me/%s/%u",
                      protocol == Protocol::kTcp ? "tcp" : "udp", static_cast<unsigned>(port));
    SetLength(written, name_length);
  }
  // A name of a label. With port 0 it is a name of the lock that the lease has on its label.
  Name(const std::string& label, uint16_t port, NameLength name_length) {
    address.sun_family = AF_UNIX;
    const int written =
        std::snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "port4me/service/%s/%u",
                      label.c_str(), static_cast<unsigned>(port));
    SetLength(written, name_length);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

  sockaddr_un address{};
  socklen_t length = 0;

 private:
  void SetLength(int written, NameLength name_length) {
    length = static_cast<socklen_t>(name_length == NameLength::kPadded
                                        ? sizeof(address)
                                        : offsetof(sockaddr_un, sun_path) + 1 + written);
  }
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
  // No connection is ever accepted. A check may find room in the queue or a full queue; either way
  // it knows that the lock is held.
  if (listen(*handle, 0) != 0) {
    *error = {errno, "listen"};
    return LockState::kFailed;
  }
  return LockState::kFree;
}

}  // namespace

LockState PortLock::Take(Protocol protocol, uint16_t port, SystemError* error) {
  if (own_locks.Has(protocol, port)) return LockState::kHeld;
  LockState state = LockState::kFree;
  for (size_t i = 0; i < kNameLengths.size() && state == LockState::kFree; ++i) {
    state = TakeName(Name(protocol, port, kNameLengths[i]), &handles_[i], error);
  }
  if (state == LockState::kFree) {
    held_ = Held{protocol, port};
    own_locks.Add(protocol, port);
  } else {
    Release();
  }
  return state;
}

LockState PortLock::TakeLabel(const std::string& label, uint16_t port, SystemError* error) {
  LockState state = LockState::kFree;
  int* handle = &handles_[kNameLengths.size()];
  for (const NameLength name_length : kNameLengths) {
    if (state == LockState::kFree) state = TakeName(Name(label, 0, name_length), handle++, error);
  }
  if (state != LockState::kFree) return state;
  return TakeName(Name(label, port, NameLength::kExact), handle, error);
}

void PortLock::Release() {
  if (held_) own_locks.Remove(held_->protocol, held_->port);
  held_.reset();
  for (int& handle : handles_) {
    if (handle != kNone) close(handle);
    handle = kNone;
  }
}

LockState LockChecker::Check(Protocol protocol, uint16_t port, SystemError* error) {
  if (policy_hides_locks_ == true) return LockState::kFree;
  if (handle_ == kNone) handle_ = OpenUnix(error);
  if (handle_ == kNone) {
    switch (error->number) {
      // A policy forbids Unix sockets: systemd's RestrictAddressFamilies= or seccomp(2). A port
      // that can be bound counts as free even if its lock cannot be checked.
      case EAFNOSUPPORT:
      case EPERM:
      case EACCES: *error = {}; return LockState::kFree;
      default: return LockState::kFailed;
    }
  }
  for (const NameLength name_length : kNameLengths) {
    const Name name(protocol, port, name_length);
    if (connect(handle_, name.get(), name.length) == 0) {
      Close();  // a connected socket is of no use for another check
      return LockState::kHeld;
    }
    switch (errno) {
      // The name is not bound, or does not listen. The socket can be used for another check.
      case ECONNREFUSED: break;
      case EAGAIN:
        return LockState::kHeld;  // earlier checks have filled the queue
      // A policy forbids to connect: a scoped landlock(7) domain to a name that is held outside it,
      // seccomp(2) to any name. In the second case the lock cannot be checked: see above.
      case EPERM:
      case EACCES: return PolicyHidesLocks() ? LockState::kFree : LockState::kHeld;
      default: *error = {errno, "connect"}; return LockState::kFailed;
    }
  }
  return LockState::kFree;
}

// Connects to a name that nobody has. Linux refuses that with ECONNREFUSED before it asks a
// security module, because such a module decides about two sockets (unix_stream_connect() in
// net/unix/af_unix.c). So another error comes from a policy that forbids every connect().
bool LockChecker::PolicyHidesLocks() {
  if (policy_hides_locks_) return *policy_hides_locks_;
  sockaddr_un nobody{};
  nobody.sun_family = AF_UNIX;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const int written = std::snprintf(nobody.sun_path + 1, sizeof(nobody.sun_path) - 1,
                                    "port4me/nobody/%d/%p/%lld", static_cast<int>(getpid()),
                                    static_cast<void*>(this), static_cast<long long>(now));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + written);
  policy_hides_locks_ = connect(handle_, reinterpret_cast<const sockaddr*>(&nobody), length) != 0 &&
                        (errno == EPERM || errno == EACCES);
  return *policy_hides_locks_;
}

void LockChecker::Close() {
  if (handle_ == kNone) return;
  close(handle_);
  handle_ = kNone;
}

}  // namespace port4me

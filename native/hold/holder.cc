#include "hold/holder.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace port4me {
namespace {

// A prober that listens does so for tens of microseconds.
constexpr std::chrono::milliseconds kListenPatience{40};
constexpr std::chrono::microseconds kListenPause{100};

}  // namespace

Hold& Hold::operator=(Hold&& other) noexcept {
  Release();
  locks_.swap(other.locks_);
  sockets_.swap(other.sockets_);
  return *this;
}

void Hold::Release() {
  // The port first: who finds the lock taken passes the port over; who finds it free may bind.
  sockets_.clear();
  locks_.clear();
}

void Hold::AdmitServers(SystemError* error) {
  for (HeldSocket& held : sockets_) {
    if (!held.socket.IsOpen()) continue;
    const BindResult admitted = held.socket.AdmitServers();
    if (admitted.bind != Bind::kBound) *error = admitted.error;
  }
  if (!kServersBindHeldPorts) sockets_.clear();
}

int Hold::TakeListeningDescriptor(int backlog, SystemError* error) {
  const auto is_tcp = [](const HeldSocket& held) {
    return held.protocol == Protocol::kTcp && held.socket.IsOpen();
  };
  if (std::count_if(sockets_.begin(), sockets_.end(), is_tcp) != 1) return -1;
  const auto held = std::find_if(sockets_.begin(), sockets_.end(), is_tcp);
  const auto until = std::chrono::steady_clock::now() + kListenPatience;
  for (;;) {
    const BindResult result = held->socket.Listen(backlog);
    if (result.bind == Bind::kBound) {
      // A listening socket keeps everybody out, SO_REUSEADDR or not; but the connections that it
      // accepts inherit it. Without, their TIME_WAIT would keep the next server out for a minute.
      const BindResult admitted = held->socket.AdmitServers();
      if (admitted.bind == Bind::kBound) return held->socket.TakeDescriptor();
      *error = admitted.error;
      return -1;
    }
    if (result.bind != Bind::kInUse || std::chrono::steady_clock::now() >= until) {
      *error = result.error;
      return -1;
    }
    std::this_thread::sleep_for(kListenPause);
  }
}

Holder::Holder(const Question& question, Admission admission)
    : question_(question),
      admission_(admission),
      prober_(question),
      binder_(question, Purpose::kHold),
      error_(binder_.error()) {}

Answer Holder::Try(uint16_t port) {
  if (error_.number != 0) return Answer::kError;
  Answer answer = TakeLocks(port);
  if (answer == Answer::kFree && kHoldNeedsProbe) {
    answer = prober_.IsFree(port);
    if (answer == Answer::kError) error_ = prober_.error();
  }
  if (answer == Answer::kFree) {
    answer = binder_.Hold(port, admission_, &hold_.sockets_);
    if (answer == Answer::kError) error_ = binder_.error();
  }
  if (answer != Answer::kFree) hold_.Release();
  return answer;
}

Answer Holder::TakeLocks(uint16_t port) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    if (!(protocol == Protocol::kTcp ? question_.tcp : question_.udp)) continue;
    switch (hold_.locks_.emplace_back().Take(protocol, port, &error_)) {
      case LockState::kFree: break;
      case LockState::kHeld: return Answer::kBusy;
      case LockState::kFailed: return Answer::kError;
    }
  }
  return Answer::kFree;
}

bool Holder::Conclude() {
  if (error_.number != 0) return false;
  for (Prober* prober : {&prober_, &binder_}) {
    if (!prober->Conclude()) {
      error_ = prober->error();
      return false;
    }
  }
  return true;
}

Hold Holder::Take() { return std::exchange(hold_, Hold{}); }

}  // namespace port4me

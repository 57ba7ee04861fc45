#include "hold/holder.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace port4me {
namespace {

// A probe of another program that listens does so for tens of microseconds.
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
  // The sockets are closed before the locks. A lease that finds a lock taken passes the port over;
  // one that finds it free must be able to bind the port.
  sockets_.clear();
  locks_.clear();
}

void Hold::AdmitServers(SystemError* error) {
  for (HeldSocket& held : sockets_) {
    if (!held.socket.IsOpen()) continue;
    const BindResult admitted = held.socket.AdmitServers();
    if (admitted.status != BindStatus::kBound) *error = admitted.error;
  }
  if (!kServersCanBindHeldPorts) sockets_.clear();
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
    if (result.status == BindStatus::kBound) {
      // No other socket can bind beside a listening one, whether it has SO_REUSEADDR or not. But
      // accepted connections inherit the option, and without it their TIME_WAIT would keep the
      // next server out for a minute.
      const BindResult admitted = held->socket.AdmitServers();
      if (admitted.status == BindStatus::kBound) return held->socket.TakeDescriptor();
      *error = admitted.error;
      return -1;
    }
    if (result.status != BindStatus::kInUse || std::chrono::steady_clock::now() >= until) {
      *error = result.error;
      return -1;
    }
    std::this_thread::sleep_for(kListenPause);
  }
}

Holder::Holder(const Question& question, Admission admission, std::string label)
    : question_(question),
      admission_(admission),
      label_(std::move(label)),
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
  if (label_.empty()) return Answer::kFree;
  switch (hold_.locks_.front().TakeLabel(label_, port, &error_)) {
    case LockState::kFree: return Answer::kFree;
    case LockState::kHeld: return Answer::kBusy;
    default: return Answer::kError;
  }
}

bool Holder::CheckDenials() {
  if (error_.number != 0) return false;
  for (Prober* prober : {&prober_, &binder_}) {
    if (!prober->CheckDenials()) {
      error_ = prober->error();
      return false;
    }
  }
  return true;
}

Hold Holder::Take() { return std::exchange(hold_, Hold{}); }

}  // namespace port4me

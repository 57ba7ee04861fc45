// Several threads use the prober and the holder on the same few ports for some seconds, without
// Node.js. `npm run test:asan` builds this with sanitizers. It asserts what is true whatever the
// other threads do: a held port is never called free, two holds never have the same port, a port
// that all threads probe and none holds is always free, and no descriptor stays open.
//
//   stress [seconds]

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "check.h"
#include "hold/holder.h"
#include "pick.h"
#include "probe/prober.h"
#include "system/port_lock.h"

namespace port4me {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kThreads = 6;
// Below the range from which Linux chooses ephemeral ports.
constexpr uint16_t kFirstPort = 21000;
constexpr int kPorts = 4;
constexpr uint16_t kNeverHeld = kFirstPort + kPorts;

// A counter for each protocol and port. Each hold increments it when it takes the port and when it
// releases it. So it is odd while the port is held.
using Turns = std::array<std::array<std::atomic<uint32_t>, kPorts>, 2>;
Turns turns;
std::atomic<uint64_t> held_times{0};
std::atomic<uint64_t> asked_times{0};

class Thread {
 public:
  explicit Thread(unsigned seed) : random_(seed) {}

  void RunUntil(Clock::time_point end) {
    while (Clock::now() < end) {
      switch (Below(6)) {
        case 0: HoldOne(); break;
        case 1: AskFree(); break;
        case 2: AskVerdict(); break;
        case 3: AskLock(); break;
        case 4: AskNeverHeld(); break;
        default: AskSystem(); break;
      }
    }
  }

 private:
  unsigned Below(unsigned n) { return static_cast<unsigned>(random_() % n); }

  uint16_t AnyPort() { return static_cast<uint16_t>(kFirstPort + Below(kPorts)); }

  Question AnyQuestion() {
    Question question;
    question.tcp = Below(3) != 0;
    question.udp = !question.tcp || Below(2) == 0;
    question.time_wait_is_busy = Below(4) == 0;
    switch (Below(6)) {
      case 0: question.host = "127.0.0.1"; break;
      case 1: question.host = "localhost"; break;
      case 2: question.ipv6 = false; break;
      default: break;
    }
    return question;
  }

  static std::atomic<uint32_t>& TurnOf(Protocol protocol, uint16_t port) {
    return turns[protocol == Protocol::kTcp ? 0 : 1][port - kFirstPort];
  }

  template <typename Use>
  static void ForEachProtocol(const Question& question, Use&& use) {
    if (question.tcp) use(Protocol::kTcp);
    if (question.udp) use(Protocol::kUdp);
  }

  // Calls `ask()`. Returns whether one hold had the port, for a protocol of the question, during
  // the whole call.
  template <typename Ask>
  static bool IsHeldDuring(const Question& question, uint16_t port, Ask&& ask) {
    std::array<uint32_t, 2> before{};
    ForEachProtocol(question, [&](Protocol protocol) {
      before[protocol == Protocol::kTcp ? 0 : 1] = TurnOf(protocol, port);
    });
    ask();
    asked_times.fetch_add(1, std::memory_order_relaxed);
    bool held = false;
    ForEachProtocol(question, [&](Protocol protocol) {
      const uint32_t turn = before[protocol == Protocol::kTcp ? 0 : 1];
      held |= turn % 2 == 1 && turn == TurnOf(protocol, port);
    });
    return held;
  }

  void HoldOne() {
    const Question question = AnyQuestion();
    const Admission admission = Below(2) == 0 ? Admission::kNobody : Admission::kServers;
    Holder holder(question, admission);
    const std::array<uint16_t, 2> prepended{AnyPort(), AnyPort()};
    const std::array<uint8_t, PortBits::kBytes> none{};
    const PickResult pick = PickFirstFree(Search{0, PortBits(none), prepended, 0, 2},
                                          [&](uint16_t port) { return holder.Try(port); });
    if (pick.port == 0) CHECK(holder.CheckDenials());
    CHECK(holder.error().number == 0);
    if (pick.port == 0) return;
    Hold hold = holder.Take();
    ForEachProtocol(question, [&](Protocol protocol) {
      CHECK(TurnOf(protocol, pick.port).fetch_add(1) % 2 == 0);
    });
    held_times.fetch_add(1, std::memory_order_relaxed);
    const int descriptor = Use(question, &hold);
    ForEachProtocol(question, [&](Protocol protocol) {
      CHECK(TurnOf(protocol, pick.port).fetch_add(1) % 2 == 1);
    });
    // When the listener is closed the port is free. The rest of the hold only keeps out other
    // holds.
    if (descriptor >= 0) close(descriptor);
    hold.Release();
    CHECK(hold.IsEmpty());
  }

  // Returns the descriptor that it took, or -1.
  int Use(const Question& question, Hold* hold) {
    SystemError error;
    int descriptor = -1;
    if (Below(2) == 0) hold->AdmitServers(&error);
    if (Below(2) == 0) {
      descriptor = hold->TakeListeningDescriptor(16, &error);
      CHECK((descriptor >= 0) == (question.tcp && question.host != "localhost"));
    }
    CHECK(error.number == 0);
    if (Below(2) == 0) std::this_thread::sleep_for(std::chrono::microseconds(Below(500)));
    if (Below(2) == 0) {
      Hold moved = std::move(*hold);
      *hold = std::move(moved);
    }
    CHECK(!hold->IsEmpty());
    return descriptor;
  }

  void AskFree() {
    const Question question = AnyQuestion();
    const uint16_t port = AnyPort();
    Prober prober(question);
    Answer answer = Answer::kError;
    const bool held = IsHeldDuring(question, port, [&] { answer = prober.IsFree(port); });
    CHECK(answer != Answer::kError);
    CHECK(!(held && answer == Answer::kFree));
  }

  void AskVerdict() {
    const Question question = AnyQuestion();
    Prober prober(question);
    for (int i = 0; i < 8; ++i) {
      const uint16_t port = AnyPort();
      std::optional<Verdict> verdict;
      const bool held = IsHeldDuring(question, port, [&] { verdict = prober.Probe(port); });
      CHECK(verdict.has_value());
      CHECK(!(held && verdict->reason == Reason::kNone));
    }
    CHECK(prober.CheckDenials());
  }

  void AskLock() {
    Question question;
    question.udp = Below(2) == 0;
    question.tcp = !question.udp;
    const uint16_t port = AnyPort();
    LockChecker locks;
    SystemError error;
    for (int i = 0; i < 4; ++i) {
      LockState state = LockState::kFailed;
      const bool held = IsHeldDuring(question, port, [&] {
        state = locks.Check(question.tcp ? Protocol::kTcp : Protocol::kUdp, port, &error);
      });
      CHECK(state != LockState::kFailed);
      CHECK(!(held && state == LockState::kFree));
    }
  }

  void AskNeverHeld() {
    const Question question = AnyQuestion();
    Prober prober(question);
    CHECK(prober.IsFree(kNeverHeld) == Answer::kFree);
    const std::optional<Verdict> verdict = prober.Probe(kNeverHeld);
    CHECK(verdict.has_value() && verdict->reason == Reason::kNone);
  }

  void AskSystem() {
    Prober prober(AnyQuestion());
    CHECK(prober.EphemeralPort() != 0);
    CHECK(prober.error().number == 0);
  }

  std::minstd_rand random_;
};

int OpenDescriptors() {
  int open = 0;
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    open += fcntl(descriptor, F_GETFD) >= 0;
  }
  return open;
}

void Run(int seconds) {
  const int before = OpenDescriptors();
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([i, end] { Thread(std::random_device{}() + i).RunUntil(end); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(OpenDescriptors() == before);
  for (const auto& of_protocol : turns) {
    for (const auto& turn : of_protocol) CHECK(turn % 2 == 0);
  }
  CHECK(held_times > 0 && asked_times > 0);
  std::printf("%llu holds, %llu questions\n", static_cast<unsigned long long>(held_times),
              static_cast<unsigned long long>(asked_times));
}

}  // namespace
}  // namespace port4me

int main(int argc, char** argv) { port4me::Run(argc > 1 ? std::atoi(argv[1]) : 5); }

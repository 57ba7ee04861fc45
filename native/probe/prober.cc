#include "probe/prober.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "probe/patience.h"
#include "probe/port_mutex.h"

namespace port4me {
namespace {

constexpr uint16_t kFirstUnprivilegedPort = 1024;

}  // namespace

EndpointProbe::Result EndpointProbe::ResultOf(const BindResult& result) {
  switch (result.status) {
    case BindStatus::kBound: return {State::kFree, {}};
    case BindStatus::kInUse: return {State::kInUse, {}};
    case BindStatus::kDenied: return {State::kDenied, result.error};
    case BindStatus::kNoFamily:
    case BindStatus::kNoAddress: return {State::kAbsent, result.error};
    case BindStatus::kFailed: break;
  }
  return {State::kError, result.error};
}

EndpointProbe::Result EndpointProbe::Probe(uint16_t port, TimeWait time_wait, LockChecker* locks) {
  const std::lock_guard<std::mutex> lock(MutexOf(port));
  const auto unless_leased = [&](const Result& otherwise) -> Result {
    SystemError error;
    switch (locks->Check(endpoint_.protocol, port, &error)) {
      case LockState::kFree: return otherwise;
      case LockState::kHeld: return {State::kLeased, {}};
      case LockState::kFailed: break;
    }
    return {State::kError, error};
  };

  // A port that refuses a bind with SO_REUSEADDR refuses an exclusive bind too. If it accepts
  // the bind, an exclusive bind would tell nothing more, because TIME_WAIT counts as free here. So
  // the bind with SO_REUSEADDR is enough. It comes first after a busy port, because busy ports
  // often follow one another.
  const bool reuse_settles = kCanDetectTimeWait && endpoint_.protocol == Protocol::kTcp &&
                             time_wait == TimeWait::kFree && refused_before_;
  if (!reuse_settles) {
    const Result exclusive = ResultOf(socket_.TryBind(endpoint_, port, Sharing::kExclusive));
    if (exclusive.state == State::kFree) {
      socket_.Close();
      // A lease covers the whole port, whatever address its socket has. So the lock is checked.
      // After a dual-stack bind no check is needed: a lease would have refused the bind.
      return endpoint_.dual_stack ? exclusive : unless_leased(exclusive);
    }
    refused_before_ = exclusive.state == State::kInUse;
    if (!refused_before_ || endpoint_.protocol == Protocol::kUdp || time_wait == TimeWait::kBusy ||
        !kCanDetectTimeWait) {
      return exclusive;
    }
  }
  const Result reuse = ResultOf(reuse_.TryBind(&socket_, endpoint_, port));
  refused_before_ = reuse.state == State::kInUse;
  if (reuse.state != State::kFree) return reuse;
  return unless_leased(time_wait == TimeWait::kFree ? reuse : Result{State::kTimeWait, {}});
}

EndpointProbe::Result EndpointProbe::Hold(uint16_t port, TimeWait time_wait, Admission admission,
                                          std::vector<HeldSocket>* held) {
  const std::lock_guard<std::mutex> lock(MutexOf(port));
  Result result = ResultOf(socket_.TryBind(endpoint_, port, Sharing::kExclusive));
  if (result.state == State::kInUse && endpoint_.protocol == Protocol::kTcp &&
      time_wait == TimeWait::kFree && admission == Admission::kServers) {
    result = ResultOf(socket_.TryBind(endpoint_, port, Sharing::kReuseAddress));
  }
  if (result.state != State::kFree) return result;
  held->push_back({endpoint_.protocol, std::move(socket_)});
  return admission == Admission::kNobody ? result : ResultOf(held->back().socket.AdmitServers());
}

EndpointProbe::Result EndpointProbe::ChooseEphemeralPort(uint16_t* port) {
  const BindResult result = socket_.TryBind(endpoint_, 0, Sharing::kExclusive);
  // Every machine has the IPv4 wildcard address. BSD gives EADDRNOTAVAIL for it, although the
  // address exists, when the range of ephemeral ports is used up (in_pcb_lport_dest() in
  // sys/netinet/in_pcb.c of FreeBSD).
  if (result.status == BindStatus::kNoAddress && !endpoint_.ipv6 && endpoint_.IsWildcard()) {
    return {State::kInUse, {}};
  }
  if (result.status != BindStatus::kBound) return ResultOf(result);
  SystemError error;
  *port = socket_.BoundPort(&error);
  socket_.Close();
  return {*port == 0 ? State::kError : State::kFree, error};
}

bool EndpointProbe::FallBackToIpv4() {
  if (!endpoint_.dual_stack) return false;
  endpoint_ = Wildcard(endpoint_.protocol, false, false);
  socket_.Close();  // it is an IPv6 socket
  return true;
}

void EndpointProbe::Close() {
  socket_.Close();
  refused_before_ = false;
}

Prober::Prober(const Question& question, Purpose purpose) : question_(question) {
  probes_.reserve(4);  // at most two protocols with two addresses each
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    if (!(protocol == Protocol::kTcp ? question.tcp : question.udp)) continue;
    if (question.host == "localhost") {
      const bool both = question.ipv4 && question.ipv6;
      if (question.ipv6 && !AddHost(protocol, "::1", both)) return;
      if (question.ipv4 && !AddHost(protocol, "127.0.0.1", both)) return;
    } else if (!question.host.empty()) {
      if (!AddHost(protocol, question.host, false)) return;
    } else if (question.ipv4 && question.ipv6) {
      for (const Endpoint& endpoint :
           purpose == Purpose::kHold ? BothFamiliesToHold(protocol) : BothFamilies(protocol)) {
        probes_.emplace_back(endpoint);
      }
    } else {
      probes_.emplace_back(Wildcard(protocol, question.ipv6, false));
    }
  }
}

bool Prober::AddHost(Protocol protocol, const std::string& host, bool optional) {
  Endpoint endpoint = Wildcard(protocol, false, optional);
  if (!ParseHost(host, &endpoint, &error_)) return false;
  probes_.emplace_back(endpoint);
  return true;
}

bool Prober::Fail(const SystemError& error, const Endpoint& endpoint, uint16_t port) {
  error_ = error;
  error_.endpoint = endpoint;
  error_.port = port;
  return false;
}

template <typename AskProbe, typename Refused>
bool Prober::AskEach(std::vector<EndpointProbe>* probes, uint16_t port, AskProbe&& ask,
                     Refused&& refused) {
  bool answered = false;
  for (EndpointProbe& probe : *probes) {
    EndpointProbe::Result result = ask(&probe);
    if (result.state == EndpointProbe::State::kAbsent && probe.FallBackToIpv4()) {
      result = ask(&probe);
    }
    Reason reason = Reason::kInUse;
    switch (result.state) {
      case EndpointProbe::State::kFree:
        answered = true;
        only_denied_ = false;
        continue;
      case EndpointProbe::State::kAbsent:
        Fail(result.error, probe.endpoint(), port);  // cleared if another family answers
        if (probe.endpoint().optional) continue;
        return false;
      case EndpointProbe::State::kError: return Fail(result.error, probe.endpoint(), port);
      case EndpointProbe::State::kTimeWait: reason = Reason::kTimeWait; break;
      case EndpointProbe::State::kDenied:
        reason = Reason::kDenied;
        if (port >= kFirstUnprivilegedPort && denial_.number == 0) {
          denial_ = result.error;
          denial_.endpoint = probe.endpoint();
          denial_.port = port;
        }
        break;
      case EndpointProbe::State::kInUse: break;
      case EndpointProbe::State::kLeased: reason = Reason::kLeased; break;
    }
    answered = true;
    only_denied_ &= reason == Reason::kDenied;
    if (!refused(probe.endpoint(), reason)) break;
  }
  if (answered && error_.number != 0) error_ = {};
  return answered;
}

template <typename AskProbe, typename Undo>
Answer Prober::AskUntilRefused(uint16_t port, AskProbe&& ask, Undo&& undo) {
  if (error_.number != 0) return Answer::kError;
  Reason refusal = Reason::kNone;
  const auto ask_all = [&] {
    refusal = Reason::kNone;
    const auto refused = [&](const Endpoint&, Reason reason) {
      refusal = reason;
      return false;
    };
    if (!AskEach(&probes_, port, ask, refused)) return Answer::kError;
    return refusal == Reason::kNone ? Answer::kFree : Answer::kBusy;
  };

  Answer answer = ask_all();
  if (std::exchange(has_asked_, true)) return answer;
  if (answer == Answer::kFree) NoteFree(port);
  if (refusal != Reason::kInUse || IsKnownToBeInUse(port)) return answer;
  for (int i = 0; i < kRetries && refusal == Reason::kInUse; ++i) {
    if (!undo()) return answer;
    WaitForAnotherProbe();
    answer = ask_all();
  }
  if (refusal == Reason::kInUse) NoteInUse(port);
  return answer;
}

Answer Prober::IsFree(uint16_t port) {
  const TimeWait time_wait = question_.time_wait_is_busy ? TimeWait::kBusy : TimeWait::kFree;
  return AskUntilRefused(
      port, [&](EndpointProbe* probe) { return probe->Probe(port, time_wait, &lock_checker_); },
      // A port with an exclusive lease is refused as if a server listened. Waiting is useful only
      // while another process probes the port, so it is not useful for a leased port.
      [&] { return !IsLeased(port); });
}

Answer Prober::IsFreeNow(uint16_t port) {
  const TimeWait time_wait = question_.time_wait_is_busy ? TimeWait::kBusy : TimeWait::kFree;
  return AskUntilRefused(
      port, [&](EndpointProbe* probe) { return probe->Probe(port, time_wait, &lock_checker_); },
      [] { return false; });
}

Answer Prober::Hold(uint16_t port, Admission admission, std::vector<HeldSocket>* held) {
  const TimeWait time_wait = question_.time_wait_is_busy ? TimeWait::kBusy : TimeWait::kFree;
  const size_t before = held->size();
  return AskUntilRefused(
      port, [&](EndpointProbe* probe) { return probe->Hold(port, time_wait, admission, held); },
      [&] {
        while (held->size() > before) held->pop_back();
        return true;
      });
}

bool Prober::IsLeased(uint16_t port) {
  SystemError ignored;
  return (question_.tcp &&
          lock_checker_.Check(Protocol::kTcp, port, &ignored) == LockState::kHeld) ||
         (question_.udp && lock_checker_.Check(Protocol::kUdp, port, &ignored) == LockState::kHeld);
}

bool Prober::CheckDenials() {
  if (error_.number != 0) return false;
  if (denial_.number == 0 || !only_denied_) return true;
  if (!DeniesAnyPort(*denial_.endpoint)) return true;
  error_ = denial_;
  return false;
}

bool Prober::CheckDenialsOfSinglePorts() {
  const bool denied_tcp = denial_.number != 0 && denial_.endpoint->protocol == Protocol::kTcp;
  if (denied_tcp && !DeniesAnyPort(Wildcard(Protocol::kUdp, false, false))) return true;
  return CheckDenials();
}

bool Prober::DeniesAnyPort(const Endpoint& endpoint) {
  uint16_t port = 0;
  return EndpointProbe(endpoint).ChooseEphemeralPort(&port).state == EndpointProbe::State::kDenied;
}

std::optional<Verdict> Prober::Probe(uint16_t port) {
  if (error_.number != 0) return std::nullopt;
  Verdict verdict;
  bool dual_stack = false;
  const auto note = [&](const Endpoint& endpoint, Reason reason) {
    verdict.reason = std::max(verdict.reason, reason);
    (endpoint.protocol == Protocol::kTcp ? verdict.tcp : verdict.udp) = true;
    verdict.ipv4 |= !endpoint.ipv6 || endpoint.dual_stack;
    verdict.ipv6 |= endpoint.ipv6;
    dual_stack |= endpoint.dual_stack;
    return true;
  };

  const TimeWait time_wait = question_.time_wait_is_busy ? TimeWait::kReported : TimeWait::kFree;
  const auto ask = [&](EndpointProbe* probe) {
    return probe->Probe(port, time_wait, &lock_checker_);
  };
  if (!AskEach(&probes_, port, ask, note)) return std::nullopt;
  if (!NoteLeases(port, &verdict)) return std::nullopt;
  if (!dual_stack || verdict.reason == Reason::kLeased) return verdict;

  // A dual-stack socket was refused. Each family is probed alone, to tell which one refuses.
  const Verdict dual_stack_verdict = verdict;
  if (family_probes_.empty()) {
    family_probes_.reserve(4);
    for (const EndpointProbe& probe : probes_) {
      for (const Endpoint& endpoint : PerFamily(probe.endpoint().protocol)) {
        family_probes_.emplace_back(endpoint);
      }
    }
  }
  verdict = Verdict{};
  if (!AskEach(&family_probes_, port, ask, note)) return std::nullopt;
  // If neither family refuses, the port was released just now, and the first verdict stands.
  return verdict.reason == Reason::kNone ? dual_stack_verdict : verdict;
}

bool Prober::NoteLeases(uint16_t port, Verdict* verdict) {
  bool leased = verdict->reason == Reason::kLeased;
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    if (leased || !(protocol == Protocol::kTcp ? verdict->tcp : verdict->udp)) continue;
    SystemError error;
    const LockState state = lock_checker_.Check(protocol, port, &error);
    if (state == LockState::kFailed) return Fail(error, probes_.front().endpoint(), port);
    leased = state == LockState::kHeld;
  }
  if (!leased) return true;
  verdict->reason = Reason::kLeased;
  for (const EndpointProbe& probe : probes_) {
    verdict->ipv4 |= !probe.endpoint().ipv6 || probe.endpoint().dual_stack;
    verdict->ipv6 |= probe.endpoint().ipv6;
  }
  return true;
}

uint16_t Prober::EphemeralPort() {
  if (error_.number != 0) return 0;
  for (EndpointProbe& probe : probes_) {
    uint16_t port = 0;
    EndpointProbe::Result result = probe.ChooseEphemeralPort(&port);
    if (result.state == EndpointProbe::State::kAbsent && probe.FallBackToIpv4()) {
      result = probe.ChooseEphemeralPort(&port);
    }
    if (result.state == EndpointProbe::State::kFree ||
        result.state == EndpointProbe::State::kInUse) {
      error_ = {};
      return port;
    }
    Fail(result.error, probe.endpoint(), 0);  // cleared if another family answers
    if (result.state != EndpointProbe::State::kAbsent || !probe.endpoint().optional) break;
  }
  return 0;
}

void Prober::CloseSockets() {
  for (EndpointProbe& probe : probes_) probe.Close();
  for (EndpointProbe& probe : family_probes_) probe.Close();
  lock_checker_.Close();
}

}  // namespace port4me

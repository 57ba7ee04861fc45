#include "probe/prober.h"

#include <algorithm>
#include <mutex>

#include "probe/ticket_lock.h"

namespace port4me {
namespace {

// A probe holds its port for an instant. Two threads of this process that ask about one port, as
// calls at the same time off the event loop do, must not take each other for a server. (The lock is
// for all threads, as the ports are; it guards no data.)
TicketLock one_at_a_time;

Endpoint Wildcard(Protocol protocol, bool ipv6, bool optional) {
  Endpoint endpoint;
  endpoint.protocol = protocol;
  endpoint.ipv6 = ipv6;
  endpoint.optional = optional;
  return endpoint;
}

}  // namespace

std::vector<Endpoint> PerFamily(Protocol protocol) {
  return {Wildcard(protocol, true, true), Wildcard(protocol, false, true)};
}

EndpointProbe::Result EndpointProbe::ResultOf(const BindResult& result) {
  switch (result.bind) {
    case Bind::kBound: return {State::kFree, {}};
    case Bind::kInUse: return {State::kInUse, {}};
    case Bind::kDenied: return {State::kDenied, {}};
    case Bind::kNoFamily:
    case Bind::kNoAddress: return {State::kAbsent, result.error};
    case Bind::kFailed: break;
  }
  return {State::kError, result.error};
}

EndpointProbe::Result EndpointProbe::Ask(uint16_t port, TimeWait time_wait, LockLook* look) {
  const std::lock_guard<TicketLock> lock(one_at_a_time);
  const auto unless_leased = [&](const Result& otherwise) -> Result {
    SystemError error;
    switch (look->Ask(endpoint_.protocol, port, &error)) {
      case LockState::kFree: return otherwise;
      case LockState::kHeld: return {State::kLeased, {}};
      case LockState::kFailed: break;
    }
    return {State::kError, error};
  };

  // What a bind with SO_REUSEADDR is refused, an exclusive one is refused too. Busy ports come in
  // runs: after one of them the bind that settles it goes first, and alone.
  const bool reuse_settles = kReuseTells && endpoint_.protocol == Protocol::kTcp &&
                             time_wait == TimeWait::kFree && refused_before_;
  if (!reuse_settles) {
    const Result exclusive = ResultOf(socket_.TryBind(endpoint_, port, Sharing::kExclusive));
    if (exclusive.state == State::kFree) {
      socket_.Close();
      // A lease is one of the whole port, on whatever address it is held.
      return endpoint_.dual_stack ? exclusive : unless_leased(exclusive);
    }
    refused_before_ = exclusive.state == State::kInUse;
    if (!refused_before_ || endpoint_.protocol == Protocol::kUdp || time_wait == TimeWait::kInUse ||
        !kReuseTells) {
      return exclusive;
    }
  }
  const Result reuse = ResultOf(reuse_.Ask(&socket_, endpoint_, port));
  refused_before_ = reuse.state == State::kInUse;
  if (reuse.state != State::kFree) return reuse;
  return unless_leased(time_wait == TimeWait::kFree ? reuse : Result{State::kTimeWait, {}});
}

EndpointProbe::Result EndpointProbe::Hold(uint16_t port, TimeWait time_wait, Admission admission,
                                          std::vector<HeldSocket>* held) {
  const std::lock_guard<TicketLock> lock(one_at_a_time);
  Result result = ResultOf(socket_.TryBind(endpoint_, port, Sharing::kExclusive));
  if (result.state == State::kInUse && endpoint_.protocol == Protocol::kTcp &&
      time_wait == TimeWait::kFree && admission == Admission::kServers) {
    result = ResultOf(socket_.TryBind(endpoint_, port, Sharing::kReuseAddress));
  }
  if (result.state != State::kFree) return result;
  held->push_back({endpoint_.protocol, std::move(socket_)});
  return admission == Admission::kNobody ? result : ResultOf(held->back().socket.AdmitServers());
}

uint16_t EndpointProbe::AskSystem(SystemError* error) {
  const BindResult result = socket_.TryBind(endpoint_, 0, Sharing::kExclusive);
  if (result.bind != Bind::kBound) {
    *error = result.error;
    return 0;
  }
  const uint16_t port = socket_.BoundPort(error);
  socket_.Close();
  return port;
}

bool EndpointProbe::FallBackToIpv4() {
  if (!endpoint_.dual_stack) return false;
  endpoint_ = Wildcard(endpoint_.protocol, false, false);
  return true;
}

void EndpointProbe::Close() {
  socket_.Close();
  refused_before_ = false;
}

Prober::Prober(const Question& question, Purpose purpose) : question_(question) {
  probes_.reserve(4);  // two protocols, two addresses: the most there are
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

template <typename Ask, typename Refused>
bool Prober::AskEach(std::vector<EndpointProbe>* probes, Ask&& ask, Refused&& refused) {
  SystemError absent;
  bool answered = false;
  for (EndpointProbe& probe : *probes) {
    EndpointProbe::Result result = ask(&probe);
    if (result.state == EndpointProbe::State::kAbsent && probe.FallBackToIpv4()) {
      result = ask(&probe);
    }
    Reason reason = Reason::kInUse;
    switch (result.state) {
      case EndpointProbe::State::kFree: answered = true; continue;
      case EndpointProbe::State::kAbsent:
        absent = result.error;
        if (probe.endpoint().optional) continue;
        error_ = result.error;
        return false;
      case EndpointProbe::State::kError: error_ = result.error; return false;
      case EndpointProbe::State::kTimeWait: reason = Reason::kTimeWait; break;
      case EndpointProbe::State::kDenied: reason = Reason::kDenied; break;
      case EndpointProbe::State::kInUse: break;
      case EndpointProbe::State::kLeased: reason = Reason::kLeased; break;
    }
    answered = true;
    if (!refused(probe.endpoint(), reason)) break;
  }
  if (!answered) error_ = absent;  // every family is missing
  return answered;
}

template <typename Ask>
Answer Prober::AskUntilRefused(Ask&& ask) {
  if (error_.number != 0) return Answer::kError;
  bool free = true;
  if (!AskEach(&probes_, ask, [&](const Endpoint&, Reason) { return free = false; })) {
    return Answer::kError;
  }
  return free ? Answer::kFree : Answer::kBusy;
}

Answer Prober::IsFree(uint16_t port) {
  const TimeWait time_wait = question_.time_wait_is_busy ? TimeWait::kInUse : TimeWait::kFree;
  return AskUntilRefused([&](EndpointProbe* probe) { return probe->Ask(port, time_wait, &look_); });
}

Answer Prober::Hold(uint16_t port, Admission admission, std::vector<HeldSocket>* held) {
  const TimeWait time_wait = question_.time_wait_is_busy ? TimeWait::kInUse : TimeWait::kFree;
  return AskUntilRefused(
      [&](EndpointProbe* probe) { return probe->Hold(port, time_wait, admission, held); });
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

  const TimeWait time_wait = question_.time_wait_is_busy ? TimeWait::kTold : TimeWait::kFree;
  const auto ask = [&](EndpointProbe* probe) { return probe->Ask(port, time_wait, &look_); };
  if (!AskEach(&probes_, ask, note)) return std::nullopt;
  if (!NoteLeases(port, &verdict)) return std::nullopt;
  if (!dual_stack || verdict.reason == Reason::kLeased) return verdict;

  // A dual-stack socket was refused: which family is it?
  const Verdict together = verdict;
  if (explaining_.empty()) {
    explaining_.reserve(4);
    for (const EndpointProbe& probe : probes_) {
      for (const Endpoint& endpoint : PerFamily(probe.endpoint().protocol)) {
        explaining_.emplace_back(endpoint);
      }
    }
  }
  verdict = Verdict{};
  if (!AskEach(&explaining_, ask, note)) return std::nullopt;
  // Nothing refuses any more: the port was let go of just now. The first answer stands.
  return verdict.reason == Reason::kNone ? together : verdict;
}

bool Prober::NoteLeases(uint16_t port, Verdict* verdict) {
  bool leased = verdict->reason == Reason::kLeased;
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    if (leased || !(protocol == Protocol::kTcp ? verdict->tcp : verdict->udp)) continue;
    const LockState state = look_.Ask(protocol, port, &error_);
    if (state == LockState::kFailed) return false;
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
  SystemError error;
  for (EndpointProbe& probe : probes_) {
    error = {};
    uint16_t port = probe.AskSystem(&error);
    if (port == 0 && probe.FallBackToIpv4()) {
      error = {};
      port = probe.AskSystem(&error);
    }
    if (port != 0) return port;
    if (!probe.endpoint().optional) break;
  }
  error_ = error;
  return 0;
}

void Prober::CloseSockets() {
  for (EndpointProbe& probe : probes_) probe.Close();
  for (EndpointProbe& probe : explaining_) probe.Close();
  look_.Close();
}

}  // namespace port4me

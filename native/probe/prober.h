// The probe: is this port free, and if not, why. One loop over the endpoints of a question; what
// differs between systems is behind socket.h.

#ifndef PORT4ME_PROBE_PROBER_H_
#define PORT4ME_PROBE_PROBER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codes.h"
#include "pick.h"
#include "system/port_lock.h"
#include "system/socket.h"

namespace port4me {

struct Question {
  bool tcp = true;
  bool udp = false;
  bool ipv4 = true;
  bool ipv6 = true;
  bool time_wait_is_busy = false;
  std::string host;  // an IP literal, "localhost" for both loopbacks, or empty for every address
};

struct Verdict {
  Reason reason = Reason::kNone;  // kNone: the port is free
  // Which of what was asked refuses.
  bool tcp = false;
  bool udp = false;
  bool ipv4 = false;
  bool ipv6 = false;
};

// What a TCP port in TIME_WAIT is to be: free; in use, at the cost of one bind; or reported as
// such.
enum class TimeWait : uint8_t { kFree, kInUse, kReported };

// Who can bind a held port beside the socket that holds it.
enum class Admission : uint8_t { kNobody, kServers };

struct HeldSocket {
  Protocol protocol;
  Socket socket;
};

// Asks about one endpoint, again and again, with sockets that survive refusals.
class EndpointProbe {
 public:
  explicit EndpointProbe(const Endpoint& endpoint) : endpoint_(endpoint) {}

  const Endpoint& endpoint() const { return endpoint_; }

  enum class State : uint8_t { kFree, kTimeWait, kDenied, kInUse, kLeased, kAbsent, kError };
  struct Result {
    State state;
    SystemError error;  // set for kDenied, kAbsent and kError
  };
  // A port that somebody leases is told from one in TIME_WAIT by `look`.
  Result Probe(uint16_t port, TimeWait time_wait, LockLook* look);

  // Adds a socket that holds the port to `*held`, and lets in whom `admission` says, where the
  // system can.
  Result Hold(uint16_t port, TimeWait time_wait, Admission admission,
              std::vector<HeldSocket>* held);

  // kFree: `*port` is one that the system chose. kInUse: it has none left.
  Result AskSystem(uint16_t* port);

  // After kAbsent, for the system has no IPv6: the dual-stack wildcard becomes the IPv4 one. False
  // for any other endpoint.
  bool FallBackToIpv4();

  // Closes the socket that is kept for the next port.
  void Close();

 private:
  static Result ResultOf(const BindResult& result);

  Endpoint endpoint_;
  Socket socket_;
  ReuseProbe reuse_;
  bool refused_before_ = false;
};

// What the sockets are for: on some systems those that see the most are not those that serve best.
enum class Purpose : uint8_t { kProbe, kHold };

// Answers one question for any number of ports. Not for use by several threads at once.
class Prober {
 public:
  explicit Prober(const Question& question, Purpose purpose = Purpose::kProbe);

  // Stops at the first refusal. kError: error() says what failed. The first port that is asked
  // about is asked about again, after some milliseconds, while it is in use: patience.h says why.
  Answer IsFree(uint16_t port);

  // As IsFree(), without a wait: what is in use may be another probe.
  Answer IsFreeNow(uint16_t port);

  // As IsFree(), and after a refusal works out which sockets are refused and why: a free port costs
  // nothing more. Nothing, with error() set, when a system call failed.
  std::optional<Verdict> Probe(uint16_t port);

  // Binds every socket of the question and adds them to `*held`; those that it added before a
  // refusal or an error are the caller's to close. Says nothing of leases: the caller has the lock.
  // As patient with the first port as IsFree().
  Answer Hold(uint16_t port, Admission admission, std::vector<HeldSocket>* held);

  // To be called once all ports of a search were asked about and none was free. False, with error()
  // set, when each of them was denied, ports that need no privilege too, and so is a port of the
  // system's choice: a policy that denies any bind says nothing about a port.
  bool Conclude();
  // The same for questions about single ports. A policy may allow TCP servers some ports and deny
  // them the others: these are denied then, as long as UDP has any.
  bool ConcludeSinglePorts();

  // A port that the system chooses for the first socket of the question, and lets go of. 0 when it
  // has none left, or, with error() set, when a system call failed.
  uint16_t EphemeralPort();

  // Closes the sockets that are kept from one port to the next: for a prober that is to wait.
  void CloseSockets();

  const SystemError& error() const { return error_; }

 private:
  // Whether the system denies a port of its own choice.
  static bool DeniesAnyPort(const Endpoint& endpoint);
  bool AddHost(Protocol protocol, const std::string& host, bool optional);
  // Sets error(). Always false.
  bool Fail(const SystemError& error, const Endpoint& endpoint, uint16_t port);
  // Calls `ask(&probe)` for each endpoint, and `refused(endpoint, reason)` for each that is
  // refused, until that returns false. False, with error() set, when a system call failed.
  template <typename Ask, typename Refused>
  bool AskEach(std::vector<EndpointProbe>* probes, uint16_t port, Ask&& ask, Refused&& refused);
  // As AskEach(), until the first refusal; with patience, when the port is the first. Calls
  // `undo()` before each wait, and does not wait when that is false.
  template <typename Ask, typename Undo>
  Answer AskUntilRefused(uint16_t port, Ask&& ask, Undo&& undo);
  // Whether somebody leases the port on a protocol of the question, as far as that can be seen.
  bool IsLeased(uint16_t port);
  // Whether those who refuse lease the port: then that is the reason, on all that was asked. False,
  // with error() set, when a system call failed.
  bool NoteLeases(uint16_t port, Verdict* verdict);

  Question question_;
  std::vector<EndpointProbe> probes_;
  std::vector<EndpointProbe>
      explaining_;  // a dual-stack endpoint's families; made at its first refusal
  LockLook look_;
  bool asked_ = false;       // about any port
  bool only_denied_ = true;  // whatever was asked
  SystemError denial_;       // the first of an unprivileged port
  SystemError error_;
};

}  // namespace port4me

#endif  // PORT4ME_PROBE_PROBER_H_

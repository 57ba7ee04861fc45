// The probe: is this port free, and if not, why. One loop over the endpoints of a question; what
// differs between systems is behind socket.h.

#ifndef PORT4ME_PROBE_PROBER_H_
#define PORT4ME_PROBE_PROBER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hold/port_lock.h"
#include "pick.h"
#include "probe/socket.h"

namespace port4me {

struct Question {
  bool tcp = true;
  bool udp = false;
  bool ipv4 = true;
  bool ipv6 = true;
  bool time_wait_is_busy = false;
  std::string host;  // an IP literal, "localhost" for both loopbacks, or empty for every address
};

// When several sockets are refused for different reasons, the greatest is reported.
enum class Reason : uint8_t { kNone, kTimeWait, kDenied, kInUse, kLeased };

struct Verdict {
  Reason reason = Reason::kNone;  // kNone: the port is free
  // Which of what was asked refuses.
  bool tcp = false;
  bool udp = false;
  bool ipv4 = false;
  bool ipv6 = false;
};

// What a TCP port in TIME_WAIT is to be: kFree, kInUse at the cost of one bind, or kTimeWait.
enum class TimeWait : uint8_t { kFree, kInUse, kTold };

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
    SystemError error;  // set for kAbsent and kError
  };
  // A port that somebody leases is told from one in TIME_WAIT by `look`.
  Result Ask(uint16_t port, TimeWait time_wait, LockLook* look);

  // Adds a socket that holds the port to `*held`, and lets in whom `admission` says, where the
  // system can.
  Result Hold(uint16_t port, TimeWait time_wait, Admission admission,
              std::vector<HeldSocket>* held);

  // A port that the system chooses; 0, with `*error` set, when there is none.
  uint16_t AskSystem(SystemError* error);

  // Where the system has no IPv6, the dual-stack wildcard becomes the IPv4 one. False for any other
  // endpoint.
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

  // Stops at the first refusal. kError: error() says what failed.
  Answer IsFree(uint16_t port);

  // As IsFree(), and after a refusal works out which sockets are refused and why: a free port costs
  // nothing more. Nothing, with error() set, when a system call failed.
  std::optional<Verdict> Probe(uint16_t port);

  // Binds every socket of the question and adds them to `*held`; those that it added before a
  // refusal or an error are the caller's to close. Says nothing of leases: the caller has the lock.
  Answer Hold(uint16_t port, Admission admission, std::vector<HeldSocket>* held);

  // A port that the system chooses for the first socket of the question, and lets go of. 0, with
  // error() set, when there is none.
  uint16_t EphemeralPort();

  // Closes the sockets that are kept from one port to the next: for a prober that is to wait.
  void CloseSockets();

  const SystemError& error() const { return error_; }

 private:
  bool AddHost(Protocol protocol, const std::string& host, bool optional);
  // Calls `ask(&probe)` for each endpoint, and `refused(endpoint, reason)` for each that is
  // refused, until that returns false. False, with error() set, when a system call failed.
  template <typename Ask, typename Refused>
  bool AskEach(std::vector<EndpointProbe>* probes, Ask&& ask, Refused&& refused);
  // As AskEach(), until the first refusal.
  template <typename Ask>
  Answer AskUntilRefused(Ask&& ask);
  // Whether those who refuse lease the port: then that is the reason, on all that was asked. False,
  // with error() set, when a system call failed.
  bool NoteLeases(uint16_t port, Verdict* verdict);

  Question question_;
  std::vector<EndpointProbe> probes_;
  std::vector<EndpointProbe>
      explaining_;  // a dual-stack endpoint's families; made at its first refusal
  LockLook look_;
  SystemError error_;
};

}  // namespace port4me

#endif  // PORT4ME_PROBE_PROBER_H_

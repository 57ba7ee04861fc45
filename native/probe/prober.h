// The probe: is this port free, and if not, why? It is one loop over the endpoints of a question.
// socket.h hides what differs between systems.

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
  // Which protocols and families of the question refuse.
  bool tcp = false;
  bool udp = false;
  bool ipv4 = false;
  bool ipv6 = false;
};

// How a TCP port in TIME_WAIT is reported: as free, as in use (which takes only one bind), or as
// State::kTimeWait.
enum class TimeWait : uint8_t { kFree, kBusy, kReported };

// Who can bind a held port beside the socket that holds it.
enum class Admission : uint8_t { kNobody, kServers };

struct HeldSocket {
  Protocol protocol;
  Socket socket;
};

// Probes one endpoint for any number of ports. It uses the same socket again after each refusal.
class EndpointProbe {
 public:
  explicit EndpointProbe(const Endpoint& endpoint) : endpoint_(endpoint) {}

  const Endpoint& endpoint() const { return endpoint_; }

  enum class State : uint8_t { kFree, kTimeWait, kDenied, kInUse, kLeased, kAbsent, kError };
  struct Result {
    State state;
    SystemError error;  // set for kDenied, kAbsent and kError
  };
  // `locks` tells a leased port from one in TIME_WAIT.
  Result Probe(uint16_t port, TimeWait time_wait, LockChecker* locks);

  // Binds the port and adds the socket to `*held`. Admits servers if `admission` says so and the
  // system supports it.
  Result Hold(uint16_t port, TimeWait time_wait, Admission admission,
              std::vector<HeldSocket>* held);

  // Binds port 0. kFree: the system chose `*port`, and it is released again. kInUse: the system has
  // no port left.
  Result ChooseEphemeralPort(uint16_t* port);

  // To be called after kAbsent, which means that the system has no IPv6. Turns the dual-stack
  // wildcard into the IPv4 wildcard. Returns false for any other endpoint.
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

// What the sockets are for. On some systems the sockets that detect every user of a port are not
// the ones that a server can use.
enum class Purpose : uint8_t { kProbe, kHold };

// Answers one question for any number of ports. Not thread-safe.
class Prober {
 public:
  explicit Prober(const Question& question, Purpose purpose = Purpose::kProbe);

  // Whether all endpoints can be bound. Stops at the first refusal. kError: error() says which
  // system call failed. If the first port is in use, it is probed again for some milliseconds:
  // patience.h says why.
  Answer IsFree(uint16_t port);

  // Like IsFree(), but never waits. kBusy may be the probe of another process.
  Answer IsFreeNow(uint16_t port);

  // Like IsFree(), but also finds out which sockets are refused and why. A free port takes no more
  // time. std::nullopt, with error() set, when a system call fails.
  std::optional<Verdict> Probe(uint16_t port);

  // Binds every socket of the question and adds it to `*held`. After a refusal or an error the
  // caller must close the sockets that were added. Does not look for leases, because the caller
  // holds the lock. Waits for the first port as IsFree() does.
  Answer Hold(uint16_t port, Admission admission, std::vector<HeldSocket>* held);

  // To be called after a search that found no free port. Returns false and sets error() when the
  // system denies every bind: it denied each port of the search, at least one of which needs no
  // privilege, and it denies a port of its own choice too. Such a policy says nothing about a port.
  bool CheckDenials();
  // The same for questions about single ports. A policy may allow TCP servers some ports and deny
  // them all others. If UDP can be bound, the policy is of this kind, and a denied TCP port is just
  // denied.
  bool CheckDenialsOfSinglePorts();

  // A port that the system chooses for the first socket of the question. It is released again. 0
  // when the system has none left, or, with error() set, when a system call fails.
  uint16_t EphemeralPort();

  // Closes the sockets that are kept from one port to the next. A prober that waits in a queue
  // should keep none open.
  void CloseSockets();

  const SystemError& error() const { return error_; }

 private:
  // Whether the system denies even a port of its own choice.
  static bool DeniesAnyPort(const Endpoint& endpoint);
  bool AddHost(Protocol protocol, const std::string& host, bool optional);
  // Sets error(). Always returns false.
  bool Fail(const SystemError& error, const Endpoint& endpoint, uint16_t port);
  // Calls `ask(&probe)` for each endpoint, and `refused(endpoint, reason)` for each refusal. Stops
  // when `refused` returns false. Returns false, with error() set, when a system call fails.
  template <typename AskProbe, typename Refused>
  bool AskEach(std::vector<EndpointProbe>* probes, uint16_t port, AskProbe&& ask,
               Refused&& refused);
  // Like AskEach(), but stops at the first refusal. If the port is the first one and in use, waits
  // and asks again. Calls `undo()` before each wait, and does not wait if that returns false.
  template <typename AskProbe, typename Undo>
  Answer AskUntilRefused(uint16_t port, AskProbe&& ask, Undo&& undo);
  // Whether a lease has the port for a protocol of the question, as far as the locks show.
  bool IsLeased(uint16_t port);
  // If a protocol that refuses is leased, makes that the reason of the verdict, which then names
  // all families of the question. Returns false, with error() set, when a system call fails.
  bool NoteLeases(uint16_t port, Verdict* verdict);

  Question question_;
  std::vector<EndpointProbe> probes_;
  // One for each family of the dual-stack endpoints. Created at the first refusal of one of these.
  std::vector<EndpointProbe> family_probes_;
  LockChecker lock_checker_;
  bool has_asked_ = false;   // whether any port was probed
  bool only_denied_ = true;  // whether each bind so far was denied
  SystemError denial_;       // the first denial of a port that needs no privilege
  SystemError error_;
};

}  // namespace port4me

#endif  // PORT4ME_PROBE_PROBER_H_

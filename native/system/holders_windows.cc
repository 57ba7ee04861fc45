// Holders on Windows.
//
// The system names one process for each socket: the one that created it (GetExtendedTcpTable() and
// GetExtendedUdpTable(), "dwOwningPid"). It does not tell which other processes have inherited the
// socket, and it keeps the number of a process that has ended. It shows a dual-stack socket of `::`
// as two rows, one for each family. It does not tell IPV6_V6ONLY, nor the working directory of
// another process. These functions show no TCP socket that is bound and neither listens nor is
// connected.

#include <winsock2.h>
#include <ws2tcpip.h>
// Needs winsock2.h before it.
#include <iphlpapi.h>
#include <tlhelp32.h>
#include <winternl.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "system/holders.h"

namespace port4me {
namespace {

struct HandleCloser {
  void operator()(HANDLE handle) const { CloseHandle(handle); }
};
using OwnedHandle = std::unique_ptr<void, HandleCloser>;

// A UTF-16 unit that is not part of a character becomes U+FFFD.
std::string Utf8Of(std::wstring_view wide) {
  std::string text(3 * wide.size(), '\0');  // UTF-8 of a UTF-16 unit: 3 bytes at most
  const int bytes =
      wide.empty()
          ? 0
          : WideCharToMultiByte(CP_UTF8, 0, wide.data(), static_cast<int>(wide.size()), text.data(),
                                static_cast<int>(text.size()), nullptr, nullptr);
  text.resize(static_cast<size_t>(bytes));
  return text;
}

// Calls `get(table, &size)` until the table fits. It may grow between two calls. The result is an
// error code of Windows.
template <typename Get>
DWORD ReadTable(std::vector<uint8_t>* table, Get get) {
  constexpr int kAttempts = 10;
  DWORD result = ERROR_INSUFFICIENT_BUFFER;
  DWORD size = 16384;
  for (int i = 0; i < kAttempts && result == ERROR_INSUFFICIENT_BUFFER; ++i) {
    table->resize(size);
    result = get(table->data(), &size);
    size += size / 2;
  }
  return result;
}

State StateOf(DWORD state) {
  // Numbers of MIB_TCP_STATE that not all headers have. MSFT_NetTCPConnection calls 100 "Bound".
  constexpr DWORD kClosed = 1, kListen = 2, kTimeWait = 11, kBound = 100;
  switch (state) {
    case kListen: return kStateListening;
    case kTimeWait: return kStateTimeWait;
    case kClosed:
    case kBound: return kStateBound;
    default: return kStateConnected;
  }
}

// The state of a row. A UDP socket of these tables is bound.
State StateOfRow(const MIB_TCPROW_OWNER_PID& row) { return StateOf(row.dwState); }
State StateOfRow(const MIB_TCP6ROW_OWNER_PID& row) { return StateOf(row.dwState); }
State StateOfRow(const MIB_UDPROW_OWNER_PID&) { return kStateBound; }
State StateOfRow(const MIB_UDP6ROW_OWNER_PID&) { return kStateBound; }

template <typename Row>
Endpoint LocalAddress(const Row& row, Protocol protocol) {
  Endpoint endpoint;
  endpoint.protocol = protocol;
  if constexpr (requires { row.ucLocalAddr; }) {
    constexpr uint8_t kMapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // RFC 4291, 2.5.5.2
    if (std::memcmp(row.ucLocalAddr, kMapped, sizeof(kMapped)) == 0) {
      std::memcpy(endpoint.address.data(), row.ucLocalAddr + sizeof(kMapped), 4);
    } else {
      endpoint.ipv6 = true;
      std::memcpy(endpoint.address.data(), row.ucLocalAddr, sizeof(row.ucLocalAddr));
      // Only fe80::/10 has zones that a person writes. (Wine gives other addresses a scope, too.)
      const bool is_link_local = row.ucLocalAddr[0] == 0xfe && (row.ucLocalAddr[1] & 0xc0) == 0x80;
      if (is_link_local) endpoint.scope_id = row.dwLocalScopeId;
    }
  } else {
    std::memcpy(endpoint.address.data(), &row.dwLocalAddr, sizeof(row.dwLocalAddr));
  }
  return endpoint;
}

class SocketTables {
 public:
  explicit SocketTables(const HoldersQuestion& question)
      : question_(question), ports_(question.ports) {
    std::sort(ports_.begin(), ports_.end());
  }

  // Reads the sockets that the question is about. `*error` is set if the system refuses.
  std::vector<SocketReport> Read(SystemError* error) {
    if (question_.tcp) {
      ReadTcp<MIB_TCPTABLE_OWNER_PID>(AF_INET, error);
      ReadTcp<MIB_TCP6TABLE_OWNER_PID>(AF_INET6, error);
    }
    if (question_.udp) {
      ReadUdp<MIB_UDPTABLE_OWNER_PID>(AF_INET, error);
      ReadUdp<MIB_UDP6TABLE_OWNER_PID>(AF_INET6, error);
    }
    return std::move(sockets_);
  }

 private:
  template <typename Table>
  void ReadTcp(ULONG family, SystemError* error) {
    const DWORD result = ReadTable(&bytes_, [&](void* table, DWORD* size) {
      return GetExtendedTcpTable(table, size, FALSE, family, TCP_TABLE_OWNER_PID_ALL, 0);
    });
    Add<Table>(Protocol::kTcp, family, {static_cast<int>(result), "GetExtendedTcpTable"}, error);
  }

  template <typename Table>
  void ReadUdp(ULONG family, SystemError* error) {
    const DWORD result = ReadTable(&bytes_, [&](void* table, DWORD* size) {
      return GetExtendedUdpTable(table, size, FALSE, family, UDP_TABLE_OWNER_PID, 0);
    });
    Add<Table>(Protocol::kUdp, family, {static_cast<int>(result), "GetExtendedUdpTable"}, error);
  }

  template <typename Table>
  void Add(Protocol protocol, ULONG family, const SystemError& result, SystemError* error) {
    // Windows without IPv6: "Return value" of GetTcp6Table().
    if (family == AF_INET6 && result.number == ERROR_NOT_SUPPORTED) return;
    if (result.number != NO_ERROR) {
      *error = result;
      return;
    }
    const auto& table = *reinterpret_cast<const Table*>(bytes_.data());
    for (DWORD i = 0; i < table.dwNumEntries; ++i) {
      const auto& row = table.table[i];
      // The port is in network order, in the lower half of a number.
      const uint16_t port = ntohs(static_cast<uint16_t>(row.dwLocalPort));
      const State state = StateOfRow(row);
      if (port == 0 || (question_.states & state) == 0 || !IsAsked(port)) continue;
      SocketReport socket;
      socket.port = port;
      socket.protocol = protocol;
      socket.endpoint = LocalAddress(row, protocol);
      socket.state = state;
      // 0: no process has it any more.
      if (row.dwOwningPid != 0) socket.pids.push_back(row.dwOwningPid);
      sockets_.push_back(std::move(socket));
    }
  }

  bool IsAsked(uint16_t port) const {
    return ports_.empty() || std::binary_search(ports_.begin(), ports_.end(), port);
  }

  const HoldersQuestion& question_;
  std::vector<uint16_t> ports_;  // of the question, sorted
  std::vector<uint8_t> bytes_;
  std::vector<SocketReport> sockets_;
};

// In milliseconds since 1970. A FILETIME counts 100 ns since 1601.
double MillisecondsOf(const FILETIME& time) {
  const uint64_t ticks = (uint64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime;
  return (static_cast<double>(ticks) - 116'444'736'000'000'000.0) / 10'000;
}

// Empty if the system does not tell it. NtQueryInformationProcess() tells a command line since
// Windows 8.1, in the form of ProcessCommandLineInformation. Microsoft says to look up this
// function at run time.
std::wstring CommandLineOf(HANDLE process) {
  using Query = NTSTATUS(WINAPI*)(HANDLE, int, void*, ULONG, ULONG*);
  constexpr int kProcessCommandLineInformation = 60;
  const HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
  if (ntdll == nullptr) return {};
  const auto query = reinterpret_cast<Query>(
      reinterpret_cast<void*>(GetProcAddress(ntdll, "NtQueryInformationProcess")));
  if (query == nullptr) return {};
  // The longest UNICODE_STRING: its length in bytes is a USHORT.
  std::vector<uint8_t> bytes(sizeof(UNICODE_STRING) + 65'536 + sizeof(wchar_t));
  ULONG length = 0;
  if (query(process, kProcessCommandLineInformation, bytes.data(), static_cast<ULONG>(bytes.size()),
            &length) < 0) {
    return {};
  }
  const auto& text = *reinterpret_cast<const UNICODE_STRING*>(bytes.data());
  if (text.Buffer == nullptr) return {};
  return {text.Buffer, text.Length / sizeof(wchar_t)};
}

std::wstring ImagePathOf(HANDLE process) {
  std::wstring path(32'768, L'\0');  // the longest path of Windows
  DWORD length = static_cast<DWORD>(path.size());
  if (!QueryFullProcessImageNameW(process, 0, path.data(), &length)) length = 0;
  path.resize(length);
  return path;
}

std::string CurrentDirectory() {
  std::wstring path(32'768, L'\0');
  path.resize(GetCurrentDirectoryW(static_cast<DWORD>(path.size()), path.data()));
  return Utf8Of(path);
}

// What the system tells about processes. A process is asked once.
class ProcessDetails {
 public:
  ProcessDetails() : snapshot_(CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0)) {
    if (snapshot_.get() == INVALID_HANDLE_VALUE) {
      snapshot_.release();
      return;
    }
    PROCESSENTRY32W entry;
    entry.dwSize = sizeof(entry);
    for (BOOL more = Process32FirstW(snapshot_.get(), &entry); more;
         more = Process32NextW(snapshot_.get(), &entry)) {
      listed_[entry.th32ProcessID] = {entry.th32ParentProcessID, Utf8Of(entry.szExeFile)};
    }
  }

  // False if the process has ended.
  bool IsRunning(uint32_t pid) const { return listed_.empty() || listed_.contains(pid); }

  // Removes the parent if it is not really the parent. Windows keeps the number of a parent that
  // has ended, and uses the number again for a younger process.
  const ProcessReport& Of(uint32_t pid) {
    ProcessReport& process = Describe(pid);
    if (!process.parent) return process;
    const ProcessReport& parent = Describe(*process.parent);
    const bool is_older =
        parent.started_at && process.started_at && *parent.started_at <= *process.started_at;
    if (!is_older) process.parent.reset();
    return process;
  }

 private:
  struct Listed {
    uint32_t parent = 0;
    std::string name;
  };

  ProcessReport& Describe(uint32_t pid) {
    const auto [at, is_new] = described_.try_emplace(pid);
    ProcessReport& process = at->second;
    if (!is_new) return process;
    process.pid = pid;
    if (const auto listed = listed_.find(pid); listed != listed_.end()) {
      process.name = listed->second.name;
      if (listed->second.parent != 0) process.parent = listed->second.parent;
    }
    // The least that the functions below need. The processes of other users may refuse it.
    const OwnedHandle handle(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid));
    if (handle == nullptr) return process;
    FILETIME created, ended, kernel, user;
    if (GetProcessTimes(handle.get(), &created, &ended, &kernel, &user)) {
      process.started_at = MillisecondsOf(created);
    }
    std::wstring command = CommandLineOf(handle.get());
    if (command.empty()) command = ImagePathOf(handle.get());
    process.command = Utf8Of(command);
    process.user = UserOf(handle.get());
    // The system tells this about no other process.
    if (pid == GetCurrentProcessId()) process.cwd = CurrentDirectory();
    return process;
  }

  // The name of the account, without its domain, as os.userInfo() gives it.
  std::string UserOf(HANDLE process) {
    HANDLE opened;
    if (!OpenProcessToken(process, TOKEN_QUERY, &opened)) return {};
    const OwnedHandle token(opened);
    alignas(TOKEN_USER) uint8_t bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    DWORD size = 0;
    if (!GetTokenInformation(token.get(), TokenUser, bytes, sizeof(bytes), &size)) return {};
    const PSID sid = reinterpret_cast<const TOKEN_USER*>(bytes)->User.Sid;
    // A name of an account may be looked up on another machine, so it is looked up once.
    std::string key(static_cast<const char*>(sid), GetLengthSid(sid));
    const auto [at, is_new] = users_.try_emplace(std::move(key));
    if (is_new) {
      wchar_t name[256 + 1];    // UNLEN
      wchar_t domain[255 + 1];  // the longest name of DNS
      DWORD name_length = ARRAYSIZE(name), domain_length = ARRAYSIZE(domain);
      SID_NAME_USE use;
      if (LookupAccountSidW(nullptr, sid, name, &name_length, domain, &domain_length, &use)) {
        at->second = Utf8Of({name, name_length});
      }
    }
    return at->second;
  }

  OwnedHandle snapshot_;
  std::map<uint32_t, Listed> listed_;
  std::map<uint32_t, ProcessReport> described_;
  std::map<std::string, std::string> users_;  // by SID
};

}  // namespace

const bool kFindsHolders = true;

HoldersReport FindHolders(const HoldersQuestion& question) {
  HoldersReport report;
  report.sockets = SocketTables(question).Read(&report.error);
  if (report.error.number != 0 || report.sockets.empty()) return report;
  ProcessDetails processes;
  std::set<uint32_t> reported;
  for (SocketReport& socket : report.sockets) {
    std::erase_if(socket.pids, [&](uint32_t pid) { return !processes.IsRunning(pid); });
    for (const uint32_t pid : socket.pids) {
      std::optional<uint32_t> next = pid;
      while (next && reported.insert(*next).second) {
        report.processes.push_back(processes.Of(*next));
        next = report.processes.back().parent;
      }
    }
  }
  return report;
}

}  // namespace port4me

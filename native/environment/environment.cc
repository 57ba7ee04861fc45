#include "environment/environment.h"

#include <atomic>
#include <string_view>

namespace port4me {
namespace {

bool Matters(std::string_view entry) {
  for (const std::string_view prefix :
       {"PORT4ME_", "_PORT4ME_", "LOGNAME=", "USER=", "LNAME=", "USERNAME="}) {
    if (entry.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

}  // namespace

// Without a lock, as there is none to share with Node.js. Neither the C library of Linux nor that
// of macOS frees or rewrites an entry, so that an entry once read stays readable; but a growing
// table moves, and the old one is freed. So each entry is read anew from a table that is still the
// current one. (volatile, for want of std::atomic_ref in the libc++ of older systems.)
std::optional<std::string> EnvironmentFingerprint() {
  char** const table = EnvironmentTable();
  if (table == nullptr) return std::nullopt;
  std::string fingerprint;
  for (char** slot = table;; ++slot) {
    const char* const entry = *const_cast<char* volatile*>(slot);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (EnvironmentTable() != table) return std::nullopt;
    if (entry == nullptr) break;
    if (entry[0] != 'P' && entry[0] != '_' && entry[0] != 'L' && entry[0] != 'U') continue;
    const std::string_view text(entry);
    if (!Matters(text)) continue;
    fingerprint.append(text);
    fingerprint.push_back('\0');
  }
  return fingerprint;
}

}  // namespace port4me

#include "environment/environment.h"

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

std::optional<std::string> EnvironmentFingerprint() {
  char** const table = EnvironmentTable();
  if (table == nullptr) return std::nullopt;
  std::string fingerprint;
  for (char** entry = table; *entry != nullptr; ++entry) {
    const char first = (*entry)[0];
    if (first != 'P' && first != '_' && first != 'L' && first != 'U') continue;
    const std::string_view text(*entry);
    if (!Matters(text)) continue;
    fingerprint.append(text);
    fingerprint.push_back('\0');
  }
  return fingerprint;
}

}  // namespace port4me

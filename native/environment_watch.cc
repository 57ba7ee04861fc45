#include "environment_watch.h"

#include "system/environment_table.h"

namespace port4me {
namespace {

// No real environment is larger. And malloc() takes a table of this size from memory that stays
// mapped, so that it can be read even after another thread has freed it.
constexpr size_t kMostEntries = 8192;

}  // namespace

// This reads the table without a lock, because Node.js has none to share. A worker thread with
// SHARE_ENV may change the table at the same time, and free it when it grows. So this function
// compares the addresses of entries and never reads an entry. That is enough: setenv(3) never
// rewrites an entry, so a changed variable has a new address. If this function reads a stale
// address, the next call sees another one.
// A program that rewrites a putenv(3) buffer or an entry of environ(7) in place is not noticed.
// Neither setenv(3) nor Node.js, which uses it, does that.
// (volatile, because the libc++ of older systems has no std::atomic_ref.)
std::optional<uint32_t> EnvironmentWatch::Generation() {
  char** const table = EnvironmentTable();
  if (table == nullptr) return std::nullopt;
  const auto entry = [table](size_t i) { return *const_cast<char* volatile*>(table + i); };
  for (size_t i = 0; i < seen_.size() && entry(i) == seen_[i]; ++i) {
    if (seen_[i] == nullptr) return generation_;
  }
  seen_.clear();
  do {
    if (seen_.size() == kMostEntries) return std::nullopt;
    seen_.push_back(entry(seen_.size()));
  } while (seen_.back() != nullptr);
  return ++generation_;
}

}  // namespace port4me

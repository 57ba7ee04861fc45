#include "environment_watch.h"

#include "system/environment_table.h"

namespace port4me {
namespace {

// A larger table than anybody has; and one that malloc() keeps where it can be read even when
// another thread has freed it.
constexpr size_t kMostEntries = 8192;

}  // namespace

// Without a lock, as there is none to share with Node.js: a worker with SHARE_ENV may change the
// table meanwhile, and free it when it grows. So no entry is looked into. Its address tells enough,
// as entries are never rewritten; what was no entry any more is another address at the next look.
// Who gives putenv(3) a buffer and later rewrites it in place is not noticed, nor who writes into
// environ(7) so: neither setenv(3), nor Node.js, which uses it, does that.
// (volatile, for want of std::atomic_ref in the libc++ of older systems.)
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

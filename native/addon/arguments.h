// The arguments of a call. Each is checked here, so that no call from JavaScript, however wrong,
// reaches the code below unchecked.

#ifndef PORT4ME_ADDON_ARGUMENTS_H_
#define PORT4ME_ADDON_ARGUMENTS_H_

#include <napi.h>

#include <cstdint>
#include <span>
#include <string>

#include "pick.h"
#include "probe/prober.h"
#include "sequence.h"

namespace port4me::addon {

// Reads the arguments of one call. After the first wrong one an exception is pending and every
// later read gives an empty value. No read runs JavaScript: arrays keep their bytes until the
// function makes or settles something.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool ok() const { return ok_; }

  // An integer from `min` to `max`.
  double Integer(size_t index, const char* name, double min, double max);
  uint32_t Seed(size_t index);
  uint64_t Count(size_t index, const char* name);  // 0 to 2^53 - 1
  uint16_t Port(size_t index, const char* name);   // 1 to 65535
  bool Boolean(size_t index, const char* name);
  std::u16string Text(size_t index, const char* name);
  // Ports to be written.
  std::span<uint16_t> Out(size_t index, const char* name);
  // Ports to be read: none is 0.
  std::span<const uint16_t> Ports(size_t index, const char* name);
  // The bytes of a CandidateSet: as many as it takes, unless !ok().
  std::span<const uint8_t> Candidates(size_t index);
  // Two arguments: the flags of binding.d.ts, and the host.
  port4me::Question Question(size_t index);

 private:
  template <typename T>
  std::span<T> Array(size_t index, const char* name, napi_typedarray_type wanted);
  // Throws, by napi_throw_type_error() or napi_throw_range_error(), unless something was wrong
  // before.
  void Fail(decltype(&napi_throw_type_error) raise, const char* name, const std::string& what);

  const Napi::CallbackInfo& info_;
  bool ok_ = true;
};

// What a search for a port is called with: the first seven arguments.
struct PickArguments {
  explicit PickArguments(Arguments* from);

  // Unless !ok().
  Search search() const;

  uint32_t seed;
  std::span<const uint8_t> candidates;
  std::span<const uint16_t> prepend;
  uint64_t skip;
  uint64_t max_tries;
  port4me::Question question;
};

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_ARGUMENTS_H_

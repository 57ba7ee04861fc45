// The arguments of a call. All of them are checked here, so that no wrong value from JavaScript
// reaches the rest of the code.

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

// Reads the arguments of one call. After the first wrong argument an exception is pending, and each
// later read returns an empty value. No read runs JavaScript. So the bytes of an array stay the
// same until the function creates a value or settles a promise.
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
  std::string Utf8(size_t index, const char* name);
  // Hexadecimal digits, 32 at most. Empty if the argument is missing.
  std::string Label(size_t index);
  // An array that the function fills with ports.
  std::span<uint16_t> Out(size_t index, const char* name);
  // Ports from 1 to 65535.
  std::span<const uint16_t> Ports(size_t index, const char* name);
  // PortBits::kBytes bytes, if ok().
  std::span<const uint8_t> AllowedPorts(size_t index);
  // Reads two arguments: the question and the host of binding.d.ts.
  port4me::Question Question(size_t index);

 private:
  template <typename T>
  std::span<T> Array(size_t index, const char* name, napi_typedarray_type wanted);
  // Throws with `raise`, which is napi_throw_type_error or napi_throw_range_error. Does nothing
  // when an earlier argument was wrong.
  void Fail(decltype(&napi_throw_type_error) raise, const char* name, const std::string& what);

  const Napi::CallbackInfo& info_;
  bool ok_ = true;
};

// The first seven arguments of a function that searches for a port: `Search` of binding.d.ts.
struct SearchArguments {
  explicit SearchArguments(Arguments* from);

  // To be called only if Arguments::ok().
  Search search() const;

  uint32_t seed;
  std::span<const uint8_t> allowed;
  std::span<const uint16_t> prepended;
  uint64_t skip;
  uint64_t max_tries;
  port4me::Question question;
};

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_ARGUMENTS_H_

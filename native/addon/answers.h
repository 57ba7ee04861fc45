// The values that calls return, and the errors that they throw. Node-API itself creates them, and
// not node-addon-api: that ends the process when an error cannot be thrown (NAPI_FATAL_IF_FAILED),
// and it reads properties of an error through prototypes, which any program may have changed.

#ifndef PORT4ME_ADDON_ANSWERS_H_
#define PORT4ME_ADDON_ANSWERS_H_

#include <napi.h>

#include <cstdint>
#include <span>

#include "codes.h"
#include "pick.h"
#include "probe/prober.h"
#include "system/socket.h"

namespace port4me::addon {

// An Error with the properties that Node.js gives the error of a failed system call. Null when it
// cannot be created because the thread is ending.
napi_value NewSystemError(napi_env env, const SystemError& error);

// Throws the error of a failed system call. Returns false, and throws nothing, when none failed.
bool ThrowFailure(napi_env env, const SystemError& error);

napi_value NewNumber(napi_env env, double number);

// Null when it cannot be created because the thread is ending.
napi_value NewResolvedPromise(napi_env env, napi_value value);

// Null when it cannot be created because the thread is ending.
napi_value NewUint8Array(napi_env env, std::span<const uint8_t> bytes);

// As one number: codes.h says how.
inline double Packed(const PickResult& pick) { return PackFound(pick.tries, pick.port); }
inline uint8_t Packed(const Verdict& verdict) {
  return PackVerdict(verdict.reason, verdict.tcp, verdict.udp, verdict.ipv4, verdict.ipv6);
}

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_ANSWERS_H_

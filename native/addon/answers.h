// What calls give back: values, and errors. Node-API itself, and not node-addon-api, makes and
// throws them: the latter ends the process where one cannot be thrown (NAPI_FATAL_IF_FAILED), and
// looks into what it throws by way of its prototypes, which may be anybody's.

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

// An Error as Node.js makes them of failed system calls. Null when it cannot be made: the thread is
// ending.
napi_value NewSystemError(napi_env env, const SystemError& error);

// Throws what failed, if anything did.
bool ThrowFailure(napi_env env, const SystemError& error);

napi_value NewNumber(napi_env env, double number);

// Null when it cannot be made: the thread is ending.
napi_value NewResolvedPromise(napi_env env, napi_value value);

// Null when it cannot be made: the thread is ending.
napi_value NewUint8Array(napi_env env, std::span<const uint8_t> bytes);

// As one number: codes.h.
inline double Packed(const port4me::Pick& pick) { return PackFound(pick.tries, pick.port); }
inline uint8_t Packed(const Verdict& verdict) {
  return PackVerdict(verdict.reason, verdict.tcp, verdict.udp, verdict.ipv4, verdict.ipv6);
}

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_ANSWERS_H_

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
#include "system/holders.h"
#include "system/socket.h"

namespace port4me::addon {

// An Error with the properties that Node.js gives the error of a failed system call. Null when it
// cannot be created because the thread is ending.
napi_value NewSystemError(napi_env env, const SystemError& error);

// Throws the error of a failed system call. Returns false, and throws nothing, when none failed.
bool ThrowFailure(napi_env env, const SystemError& error);

napi_value NewNumber(napi_env env, double number);

// Settles a promise after asynchronous work: with the error, if there is one, or with the value
// that `new_answer` creates. If a call fails, the thread is ending, and nothing waits for the
// promise.
template <typename NewAnswer>
void Settle(napi_env env, napi_deferred deferred, const SystemError& error, NewAnswer new_answer) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  const bool failed = error.number != 0;
  const napi_value value = failed ? NewSystemError(env, error) : new_answer();
  if (value != nullptr) {
    (failed ? napi_reject_deferred : napi_resolve_deferred)(env, deferred, value);
  }
  // The resolution may have called a getter `then` of Object.prototype that threw an exception. In
  // that case the promise is rejected, but V8 leaves the exception pending too. Node.js would end
  // the process because of it.
  napi_value thrown;
  napi_get_and_clear_last_exception(env, &thrown);
  napi_close_handle_scope(env, scope);
}

// Null when it cannot be created because the thread is ending.
napi_value NewResolvedPromise(napi_env env, napi_value value);

// Null when it cannot be created because the thread is ending.
napi_value NewUint8Array(napi_env env, std::span<const uint8_t> bytes);

// The object HoldersReport of binding.d.ts. Null when it cannot be created because the thread is
// ending.
napi_value NewHoldersReport(napi_env env, const HoldersReport& report);

// As one number: codes.h says how.
inline double Packed(const PickResult& pick) { return PackFound(pick.tries, pick.port); }
inline uint8_t Packed(const Verdict& verdict) {
  return PackVerdict(verdict.reason, verdict.tcp, verdict.udp, verdict.ipv4, verdict.ipv6);
}

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_ANSWERS_H_

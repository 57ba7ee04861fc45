// A hold as an object of JavaScript: the interface Hold of binding.d.ts.

#ifndef PORT4ME_ADDON_HOLD_OBJECT_H_
#define PORT4ME_ADDON_HOLD_OBJECT_H_

#include <napi.h>

#include "hold/holder.h"
#include "pick.h"

namespace port4me::addon {

// Releases the hold when it is collected, and when its thread ends. Its methods are called on such
// an object alone: V8 sees to that by their signature.
class HoldObject final : public Napi::ObjectWrap<HoldObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // Null when it cannot be made, for want of stack, say, or since the thread is ending: then
  // nothing is held any more.
  static napi_value New(napi_env env, napi_value constructor, const port4me::Pick& pick,
                        port4me::Hold hold);

  // `new` from JavaScript gives one that holds nothing.
  explicit HoldObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<HoldObject>(info) {}

 private:
  Napi::Value IsOver(const Napi::CallbackInfo& info);
  Napi::Value Release(const Napi::CallbackInfo& info);
  Napi::Value AdmitServers(const Napi::CallbackInfo& info);
  Napi::Value TakeListeningDescriptor(const Napi::CallbackInfo& info);

  port4me::Hold hold_;
};

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_HOLD_OBJECT_H_

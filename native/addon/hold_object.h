// A hold as a JavaScript object: the interface `Hold` in binding.d.ts.

#ifndef PORT4ME_ADDON_HOLD_OBJECT_H_
#define PORT4ME_ADDON_HOLD_OBJECT_H_

#include <napi.h>

#include "hold/holder.h"
#include "pick.h"

namespace port4me::addon {

// Releases the hold when the object is garbage collected, and when its thread ends. V8 checks the
// receiver of each method call, so `this` is always such an object.
class HoldObject final : public Napi::ObjectWrap<HoldObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // Null when the object cannot be created, for example because the thread is ending or the stack
  // is used up. The hold is then released.
  static napi_value New(napi_env env, napi_value constructor, const PickResult& pick,
                        port4me::Hold hold);

  // When JavaScript calls the constructor, the new object holds nothing.
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

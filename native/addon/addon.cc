// The addon: binding.d.ts in C++. Only the files of this folder know Node.js.

#include <napi.h>

#include <memory>

#include "addon/functions.h"
#include "addon/hold_object.h"
#include "addon/instance.h"

namespace port4me::addon {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto instance = std::make_unique<Instance>();
  instance->hold_class = Napi::Persistent(HoldObject::Define(env));
  env.SetInstanceData(instance.release());
  exports.DefineProperty(
      Napi::PropertyDescriptor::Value("name", Napi::String::New(env, "native"), napi_enumerable));
  DefineFunctions(env, exports);
  return exports;
}

NODE_API_MODULE(port4me, Init)

}  // namespace
}  // namespace port4me::addon

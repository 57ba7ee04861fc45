// The addon: binding.d.ts in C++. Only the files of this folder use Node-API.

#include <napi.h>

#include <memory>

#include "addon/functions.h"
#include "addon/hold_object.h"
#include "addon/instance.h"
#include "codes.h"

namespace port4me::addon {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto instance = std::make_unique<Instance>();
  instance->hold_class = Napi::Persistent(HoldObject::Define(env));
  env.SetInstanceData(instance.release());
  const auto define = [&](const char* name, const char* value) {
    exports.DefineProperty(
        Napi::PropertyDescriptor::Value(name, Napi::String::New(env, value), napi_enumerable));
  };
  define("name", "native");
  define("contract", kContract);
  DefineFunctions(env, exports);
  return exports;
}

NODE_API_MODULE(port4me, Init)

}  // namespace
}  // namespace port4me::addon

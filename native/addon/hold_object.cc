#include "addon/hold_object.h"

#include <utility>

#include "addon/answers.h"
#include "addon/arguments.h"

namespace port4me::addon {

Napi::Function HoldObject::Define(Napi::Env env) {
  return DefineClass(
      env, "Hold",
      {InstanceAccessor<&HoldObject::IsOver>("isOver"),
       InstanceMethod<&HoldObject::Release>("release"),
       InstanceMethod<&HoldObject::AdmitServers>("admitServers"),
       InstanceMethod<&HoldObject::TakeListeningDescriptor>("takeListeningDescriptor")});
}

napi_value HoldObject::New(napi_env env, napi_value constructor, const PickResult& pick,
                           port4me::Hold hold) {
  napi_value object;
  void* wrapped;
  const napi_value number = NewNumber(env, Packed(pick));
  if (napi_new_instance(env, constructor, 0, nullptr, &object) != napi_ok ||
      napi_unwrap(env, object, &wrapped) != napi_ok || number == nullptr) {
    return nullptr;
  }
  // The property is defined, not set: Object.prototype may have a setter of this name.
  const napi_property_descriptor property{"pick",  nullptr, nullptr,         nullptr,
                                          nullptr, number,  napi_enumerable, nullptr};
  if (napi_define_properties(env, object, 1, &property) != napi_ok) return nullptr;
  static_cast<HoldObject*>(wrapped)->hold_ = std::move(hold);
  return object;
}

Napi::Value HoldObject::IsOver(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), hold_.IsEmpty());
}

Napi::Value HoldObject::Release(const Napi::CallbackInfo& info) {
  hold_.Release();
  return info.Env().Undefined();
}

Napi::Value HoldObject::AdmitServers(const Napi::CallbackInfo& info) {
  SystemError error;
  hold_.AdmitServers(&error);
  if (ThrowFailure(info.Env(), error)) return {};
  return info.Env().Undefined();
}

Napi::Value HoldObject::TakeListeningDescriptor(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const double backlog = arguments.Integer(0, "backlog", 1, 2147483647.0);
  if (!arguments.ok()) return {};
  SystemError error;
  const int descriptor = hold_.TakeListeningDescriptor(static_cast<int>(backlog), &error);
  if (ThrowFailure(info.Env(), error)) return {};
  return Napi::Number::New(info.Env(), descriptor);
}

}  // namespace port4me::addon

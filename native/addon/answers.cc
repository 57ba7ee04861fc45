#include "addon/answers.h"

#include <algorithm>
#include <string>
#include <vector>

namespace port4me::addon {
namespace {

napi_property_descriptor Property(const char* name, napi_value value) {
  return {name, nullptr, nullptr, nullptr, nullptr, value, napi_default_jsproperty, nullptr};
}

}  // namespace

napi_value NewSystemError(napi_env env, const SystemError& error) {
  const auto text = [&](const std::string& from) -> napi_value {
    napi_value value;
    const napi_status status = napi_create_string_utf8(env, from.data(), from.size(), &value);
    return status == napi_ok ? value : nullptr;
  };
  const std::string code = ErrorName(error.number);
  napi_value exception;
  if (napi_create_error(
          env, nullptr,
          text(std::string(error.syscall) + " " + code + ": " + ErrorText(error.number)),
          &exception) != napi_ok) {
    return nullptr;
  }
  // Defined, not set: Object.prototype may have anything of these names.
  const std::vector<napi_property_descriptor> properties{
      Property("code", text(code)),
      Property("syscall", text(error.syscall)),
  };
  return napi_define_properties(env, exception, properties.size(), properties.data()) == napi_ok
             ? exception
             : nullptr;
}

bool ThrowFailure(napi_env env, const SystemError& error) {
  if (error.number == 0) return false;
  const napi_value exception = NewSystemError(env, error);
  if (exception != nullptr) napi_throw(env, exception);
  return true;
}

napi_value NewUint8Array(napi_env env, std::span<const uint8_t> bytes) {
  void* data;
  napi_value buffer;
  napi_value array;
  if (napi_create_arraybuffer(env, bytes.size(), &data, &buffer) != napi_ok) return nullptr;
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(data));
  return napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &array) == napi_ok
             ? array
             : nullptr;
}

}  // namespace port4me::addon

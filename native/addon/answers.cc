#include "addon/answers.h"

#include <algorithm>
#include <string>
#include <vector>

namespace port4me::addon {
namespace {

napi_property_descriptor Property(const char* name, napi_value value) {
  return {name, nullptr, nullptr, nullptr, nullptr, value, napi_default_jsproperty, nullptr};
}

napi_value Text(napi_env env, const std::string& text) {
  napi_value value;
  return napi_create_string_utf8(env, text.data(), text.size(), &value) == napi_ok ? value
                                                                                   : nullptr;
}

}  // namespace

napi_value NewSystemError(napi_env env, const SystemError& error) {
  const std::string code = ErrorName(error.number);
  std::string message = std::string(error.syscall) + " " + code + ": " + ErrorText(error.number);
  if (*error.path != '\0') message.append(", ").append(error.path);
  std::string address;
  if (error.endpoint) {
    address = AddressText(*error.endpoint);
    if (!error.endpoint->IsWildcard()) {
      const bool ipv6 = error.endpoint->ipv6;
      message.append(ipv6 ? ", [" : ", ").append(address).append(ipv6 ? "]" : "");
      if (error.port != 0) message.append(":").append(std::to_string(error.port));
    }
  }
  napi_value exception;
  if (napi_create_error(env, nullptr, Text(env, message), &exception) != napi_ok) return nullptr;

  // Properties are defined, not set: Object.prototype may have setters of these names.
  std::vector<napi_property_descriptor> properties{Property("code", Text(env, code)),
                                                   Property("syscall", Text(env, error.syscall))};
  if (error.endpoint) properties.push_back(Property("address", Text(env, address)));
  if (error.endpoint && error.port != 0) {
    properties.push_back(Property("port", NewNumber(env, error.port)));
  }
  return napi_define_properties(env, exception, properties.size(), properties.data()) == napi_ok
             ? exception
             : nullptr;
}

napi_value NewNumber(napi_env env, double number) {
  napi_value value;
  return napi_create_double(env, number, &value) == napi_ok ? value : nullptr;
}

napi_value NewResolvedPromise(napi_env env, napi_value value) {
  napi_deferred deferred;
  napi_value promise;
  if (value == nullptr || napi_create_promise(env, &deferred, &promise) != napi_ok) return nullptr;
  return napi_resolve_deferred(env, deferred, value) == napi_ok ? promise : nullptr;
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

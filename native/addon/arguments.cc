#include "addon/arguments.h"

#include <algorithm>
#include <cmath>

namespace port4me::addon {

double Arguments::Integer(size_t index, const char* name, double min, double max) {
  double value = 0;
  if (napi_get_value_double(info_.Env(), info_[index], &value) != napi_ok) {
    Fail(napi_throw_type_error, name, "must be a number");
    return 0;
  }
  if (!(value >= min && value <= max) || std::trunc(value) != value) {
    const auto digits = [](double integer) {
      return std::to_string(static_cast<uint64_t>(integer));
    };
    Fail(napi_throw_range_error, name,
         "must be an integer from " + digits(min) + " to " + digits(max));
    return 0;
  }
  return value;
}

uint32_t Arguments::Seed(size_t index) {
  return static_cast<uint32_t>(Integer(index, "seed", 0, 4294967295.0));
}

uint64_t Arguments::Count(size_t index, const char* name) {
  return static_cast<uint64_t>(Integer(index, name, 0, 9007199254740991.0));
}

uint16_t Arguments::Port(size_t index, const char* name) {
  return static_cast<uint16_t>(Integer(index, name, 1, 65535));
}

bool Arguments::Boolean(size_t index, const char* name) {
  bool value = false;
  if (napi_get_value_bool(info_.Env(), info_[index], &value) != napi_ok) {
    Fail(napi_throw_type_error, name, "must be a boolean");
  }
  return value;
}

std::u16string Arguments::Text(size_t index, const char* name) {
  size_t length = 0;
  if (napi_get_value_string_utf16(info_.Env(), info_[index], nullptr, 0, &length) != napi_ok) {
    Fail(napi_throw_type_error, name, "must be a string");
    return {};
  }
  std::u16string text(length, u'\0');
  napi_get_value_string_utf16(info_.Env(), info_[index], text.data(), length + 1, &length);
  return text;
}

std::string Arguments::Utf8(size_t index, const char* name) {
  size_t length = 0;
  if (napi_get_value_string_utf8(info_.Env(), info_[index], nullptr, 0, &length) != napi_ok) {
    Fail(napi_throw_type_error, name, "must be a string");
    return {};
  }
  std::string text(length, '\0');
  napi_get_value_string_utf8(info_.Env(), info_[index], text.data(), length + 1, &length);
  return text;
}

std::string Arguments::Label(size_t index) {
  constexpr size_t kLongest = 32;
  if (info_.Length() <= index || info_[index].IsUndefined()) return {};
  std::string label = Utf8(index, "label");
  if (label.size() > kLongest || label.find_first_not_of("0123456789abcdef") != label.npos) {
    Fail(napi_throw_range_error, "label", "must have at most 32 hexadecimal digits");
    return {};
  }
  return label;
}

template <typename T>
std::span<T> Arguments::Array(size_t index, const char* name, napi_typedarray_type wanted) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(info_.Env(), info_[index], &type, &length, &data, nullptr,
                               nullptr) != napi_ok ||
      type != wanted) {
    Fail(napi_throw_type_error, name,
         wanted == napi_uint8_array ? "must be a Uint8Array" : "must be a Uint16Array");
    return {};
  }
  return {static_cast<T*>(data), data == nullptr ? 0 : length};
}

std::span<uint16_t> Arguments::Out(size_t index, const char* name) {
  return Array<uint16_t>(index, name, napi_uint16_array);
}

std::span<const uint16_t> Arguments::Ports(size_t index, const char* name) {
  const auto ports = Array<const uint16_t>(index, name, napi_uint16_array);
  // bind() understands port 0 as "any free port", so a probe would call it free.
  if (std::find(ports.begin(), ports.end(), 0) != ports.end()) {
    Fail(napi_throw_range_error, name, "must not hold port 0");
    return {};
  }
  return ports;
}

std::span<const uint8_t> Arguments::AllowedPorts(size_t index) {
  const auto bytes = Array<const uint8_t>(index, "allowed", napi_uint8_array);
  if (bytes.size() != PortBits::kBytes) {
    Fail(napi_throw_range_error, "allowed",
         "must hold " + std::to_string(PortBits::kBytes) + " bytes");
  }
  return bytes;
}

port4me::Question Arguments::Question(size_t index) {
  const auto flags = static_cast<uint32_t>(Integer(index, "question", 0, kAskAll));
  const std::u16string host = Text(index + 1, "host");
  port4me::Question question;
  if (!ok_) return question;
  question.tcp = (flags & kAskTcp) != 0;
  question.udp = (flags & kAskUdp) != 0;
  question.ipv4 = (flags & kAskIpv4) != 0;
  question.ipv6 = (flags & kAskIpv6) != 0;
  question.time_wait_is_busy = (flags & kAskStrictTimeWait) != 0;
  if (!(question.tcp || question.udp) || !(question.ipv4 || question.ipv6)) {
    Fail(napi_throw_range_error, "question", "must name a protocol and a family");
  }
  // An IPv6 zone is an ASCII name or a number.
  const bool is_ascii = std::all_of(host.begin(), host.end(),
                                    [](char16_t unit) { return unit > 0x20 && unit < 0x7f; });
  if (is_ascii) question.host.assign(host.begin(), host.end());
  if (!is_ascii || !(host.empty() || host == u"localhost" || IsIpLiteral(question.host))) {
    Fail(napi_throw_range_error, "host", "must be an IP literal, \"localhost\" or empty");
  }
  return question;
}

void Arguments::Fail(decltype(&napi_throw_type_error) raise, const char* name,
                     const std::string& what) {
  if (!ok_) return;
  ok_ = false;
  // The returned status does not matter: it is an error only in a thread that is ending.
  raise(info_.Env(), nullptr, (std::string(name) + " " + what).c_str());
}

SearchArguments::SearchArguments(Arguments* from)
    : seed(from->Seed(0)),
      allowed(from->AllowedPorts(1)),
      prepended(from->Ports(2, "prepended")),
      skip(from->Count(3, "skip")),
      max_tries(from->Count(4, "maxTries")),
      question(from->Question(5)) {}

Search SearchArguments::search() const {
  return {seed, PortBits(allowed.first<PortBits::kBytes>()), prepended, skip, max_tries};
}

}  // namespace port4me::addon

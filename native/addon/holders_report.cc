#include <string>
#include <vector>

#include "addon/answers.h"

namespace port4me::addon {
namespace {

// Collects the properties of an object. After a failure, which means that the thread is ending, it
// does nothing.
class ObjectBuilder {
 public:
  explicit ObjectBuilder(napi_env env) : env_(env) {}

  void Add(const char* name, napi_value value) {
    if (value == nullptr) {
      ok_ = false;
      return;
    }
    properties_.push_back(
        {name, nullptr, nullptr, nullptr, nullptr, value, napi_default_jsproperty, nullptr});
  }
  void Text(const char* name, const std::string& text) {
    napi_value value = nullptr;
    napi_create_string_utf8(env_, text.data(), text.size(), &value);
    Add(name, value);
  }
  void TextIfKnown(const char* name, const std::string& text) {
    if (!text.empty()) Text(name, text);
  }
  void Number(const char* name, double number) { Add(name, NewNumber(env_, number)); }
  template <typename T>
  void NumberIfKnown(const char* name, const std::optional<T>& number) {
    if (number) Number(name, static_cast<double>(*number));
  }
  void BooleanIfKnown(const char* name, const std::optional<bool>& boolean) {
    if (!boolean) return;
    napi_value value = nullptr;
    napi_get_boolean(env_, *boolean, &value);
    Add(name, value);
  }

  // Null after a failure.
  napi_value Build() {
    napi_value object;
    if (!ok_ || napi_create_object(env_, &object) != napi_ok) return nullptr;
    return napi_define_properties(env_, object, properties_.size(), properties_.data()) == napi_ok
               ? object
               : nullptr;
  }

 private:
  napi_env env_;
  std::vector<napi_property_descriptor> properties_;
  bool ok_ = true;
};

// An array of what `create` returns for each item. Null after a failure. The elements are defined,
// not set: Array.prototype may have setters.
template <typename T, typename Create>
napi_value NewArray(napi_env env, const std::vector<T>& items, Create create) {
  napi_value array;
  if (napi_create_array(env, &array) != napi_ok) return nullptr;
  for (size_t i = 0; i < items.size(); ++i) {
    // Without a scope of its own, the values of all items would stay in memory until the end.
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return nullptr;
    const std::string index = std::to_string(i);
    const napi_property_descriptor element{
        index.c_str(),           nullptr, nullptr, nullptr, nullptr, create(items[i]),
        napi_default_jsproperty, nullptr};
    const bool is_defined =
        element.value != nullptr && napi_define_properties(env, array, 1, &element) == napi_ok;
    napi_close_handle_scope(env, scope);
    if (!is_defined) return nullptr;
  }
  return array;
}

napi_value NewSocketReport(napi_env env, const SocketReport& socket) {
  ObjectBuilder object(env);
  object.Number("port", socket.port);
  object.Text("protocol", socket.protocol == Protocol::kTcp ? "tcp" : "udp");
  if (socket.endpoint) object.Text("address", AddressText(*socket.endpoint));
  object.BooleanIfKnown("v6Only", socket.v6_only);
  object.Number("state", socket.state);
  object.NumberIfKnown("uid", socket.uid);
  object.TextIfKnown("user", socket.user);
  object.BooleanIfKnown("leased", socket.leased);
  object.TextIfKnown("label", socket.label);
  object.Add("pids", NewArray(env, socket.pids, [&](uint32_t pid) { return NewNumber(env, pid); }));
  return object.Build();
}

napi_value NewProcessReport(napi_env env, const ProcessReport& process) {
  ObjectBuilder object(env);
  object.Number("pid", process.pid);
  object.NumberIfKnown("parent", process.parent);
  object.TextIfKnown("name", process.name);
  object.TextIfKnown("command", process.command);
  object.NumberIfKnown("uid", process.uid);
  object.TextIfKnown("user", process.user);
  object.TextIfKnown("cwd", process.cwd);
  object.NumberIfKnown("startedAt", process.started_at);
  object.TextIfKnown("cgroup", process.cgroup);
  return object.Build();
}

}  // namespace

napi_value NewHoldersReport(napi_env env, const HoldersReport& report) {
  ObjectBuilder object(env);
  object.Add("sockets", NewArray(env, report.sockets, [&](const SocketReport& socket) {
               return NewSocketReport(env, socket);
             }));
  object.Add("processes", NewArray(env, report.processes, [&](const ProcessReport& process) {
               return NewProcessReport(env, process);
             }));
  return object.Build();
}

}  // namespace port4me::addon

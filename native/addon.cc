// The Node-API boundary: binding.d.ts in C++. The only file that knows Node.js. Every argument is
// checked here, so that no call from JavaScript, however wrong, reaches the code below unchecked.

#include <napi.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "environment/environment.h"
#include "hashcode.h"
#include "hold/holder.h"
#include "pick.h"
#include "probe/prober.h"
#include "sequence.h"

namespace port4me {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991;

// Reads the arguments of one call. After the first wrong one an exception is pending and every
// later read gives an empty value.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info), env_(info.Env()) {}

  bool ok() const { return ok_; }

  double Integer(size_t index, const char* name, double max) {
    return Integer(index, name, 0, max);
  }

  double Port(size_t index, const char* name) { return Integer(index, name, 1, 65535); }

  double Integer(size_t index, const char* name, double min, double max) {
    double value = 0;
    if (napi_get_value_double(env_, info_[index], &value) != napi_ok) {
      Fail<Napi::TypeError>(name, "must be a number");
      return 0;
    }
    if (!(value >= min && value <= max) || std::trunc(value) != value) {
      Fail<Napi::RangeError>(name, "must be an integer from " + Digits(min) + " to " + Digits(max));
      return 0;
    }
    return value;
  }

  bool Boolean(size_t index, const char* name) {
    bool value = false;
    if (napi_get_value_bool(env_, info_[index], &value) != napi_ok) {
      Fail<Napi::TypeError>(name, "must be a boolean");
    }
    return value;
  }

  template <typename T>
  std::span<T> Array(size_t index, const char* name, napi_typedarray_type wanted) {
    napi_typedarray_type type;
    size_t length;
    void* data;
    if (napi_get_typedarray_info(env_, info_[index], &type, &length, &data, nullptr, nullptr) !=
            napi_ok ||
        type != wanted) {
      Fail<Napi::TypeError>(
          name, wanted == napi_uint8_array ? "must be a Uint8Array" : "must be a Uint16Array");
      return {};
    }
    return {static_cast<T*>(data), data == nullptr ? 0 : length};
  }

  // The bytes of a CandidateSet: as many as it takes, unless !ok().
  std::span<const uint8_t> Candidates(size_t index) {
    const auto bytes = Array<const uint8_t>(index, "candidates", napi_uint8_array);
    if (ok_ && bytes.size() != CandidateSet::kBytes) {
      Fail<Napi::RangeError>("candidates",
                             "must hold " + std::to_string(CandidateSet::kBytes) + " bytes");
    }
    return bytes;
  }

  std::span<const uint16_t> Ports(size_t index, const char* name) {
    const auto ports = Array<const uint16_t>(index, name, napi_uint16_array);
    for (const uint16_t port : ports) {
      // bind() takes port 0 for "any free port": it would be called free.
      if (port == 0) {
        Fail<Napi::RangeError>(name, "must not hold port 0");
        return {};
      }
    }
    return ports;
  }

  std::u16string Text(size_t index, const char* name) {
    size_t length = 0;
    if (napi_get_value_string_utf16(env_, info_[index], nullptr, 0, &length) != napi_ok) {
      Fail<Napi::TypeError>(name, "must be a string");
      return {};
    }
    std::u16string text(length, u'\0');
    napi_get_value_string_utf16(env_, info_[index], text.data(), length + 1, &length);
    return text;
  }

  // Two arguments: the flags of binding.d.ts, and the host.
  Question ReadQuestion(size_t index) {
    const auto flags = static_cast<uint32_t>(Integer(index, "question", 31));
    const std::u16string host = Text(index + 1, "host");
    Question question;
    if (!ok_) return question;
    question.tcp = (flags & 1) != 0;
    question.udp = (flags & 2) != 0;
    question.ipv4 = (flags & 4) != 0;
    question.ipv6 = (flags & 8) != 0;
    question.time_wait_is_busy = (flags & 16) != 0;
    if (!(question.tcp || question.udp) || !(question.ipv4 || question.ipv6)) {
      Fail<Napi::RangeError>("question", "must name a protocol and a family");
    }
    // A zone is a name or a number of ASCII too.
    const bool is_ascii = std::all_of(host.begin(), host.end(),
                                      [](char16_t unit) { return unit > 0x20 && unit < 0x7f; });
    if (is_ascii) question.host.assign(host.begin(), host.end());
    if (!is_ascii || !(host.empty() || host == u"localhost" || IsIpLiteral(question.host))) {
      Fail<Napi::RangeError>("host", "must be an IP literal, \"localhost\" or empty");
    }
    return question;
  }

 private:
  static std::string Digits(double integer) {
    return std::to_string(static_cast<uint64_t>(integer));
  }

  template <typename ErrorType>
  void Fail(const char* name, const std::string& what) {
    if (!ok_) return;
    ok_ = false;
    ErrorType::New(env_, std::string(name) + " " + what).ThrowAsJavaScriptException();
  }

  const Napi::CallbackInfo& info_;
  Napi::Env env_;
  bool ok_ = true;
};

// An Error as Node.js makes them of failed system calls: `code` and `syscall`.
Napi::Error SystemException(Napi::Env env, const SystemError& error) {
  const std::string code = ErrorName(error.number);
  Napi::Error exception = Napi::Error::New(
      env, std::string(error.syscall) + " " + code + ": " + ErrorText(error.number));
  exception.Set("code", Napi::String::New(env, code));
  exception.Set("syscall", Napi::String::New(env, error.syscall));
  if (error.endpoint) {
    exception.Set("address", Napi::String::New(env, AddressText(*error.endpoint)));
    if (error.port != 0) exception.Set("port", Napi::Number::New(env, error.port));
  }
  return exception;
}

// Throws what failed, if anything did.
bool ThrowFailure(Napi::Env env, const SystemError& error) {
  if (error.number == 0) return false;
  SystemException(env, error).ThrowAsJavaScriptException();
  return true;
}

// A pick as one number, as binding.d.ts says: no object is made for it.
double Packed(const Pick& pick) { return pick.tries * 65536.0 + pick.port; }

// A verdict as one byte, as binding.d.ts says.
uint8_t Packed(const Verdict& verdict) {
  return static_cast<uint8_t>(static_cast<uint8_t>(verdict.reason) | verdict.tcp << 3 |
                              verdict.udp << 4 | verdict.ipv4 << 5 | verdict.ipv6 << 6);
}

// Nothing when it cannot be made: the thread is ending.
Napi::Value NewUint8Array(Napi::Env env, std::span<const uint8_t> bytes) {
  void* data;
  napi_value buffer;
  napi_value array;
  if (napi_create_arraybuffer(env, bytes.size(), &data, &buffer) != napi_ok) return {};
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(data));
  if (napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &array) != napi_ok) {
    return {};
  }
  return {env, array};
}

// Fills in one verdict per port. Stops where a system call fails; the prober tells.
void ProbeEach(Prober* prober, std::span<const uint16_t> ports, std::span<uint8_t> verdicts) {
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::optional<Verdict> verdict = prober->Probe(ports[i]);
    if (!verdict) return;
    verdicts[i] = Packed(*verdict);
  }
  prober->Conclude();
}

Napi::Value HashcodeOf(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::u16string text = arguments.Text(0, "text");
  if (!arguments.ok()) return {};
  return Napi::Number::New(info.Env(), Hashcode(text));
}

Napi::Value FillSequence(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const double seed = arguments.Integer(0, "seed", 4294967295.0);
  const auto candidates = arguments.Candidates(1);
  const double skip = arguments.Integer(2, "skip", kMaxSafeInteger);
  const auto out = arguments.Array<uint16_t>(3, "out", napi_uint16_array);
  if (!arguments.ok()) return {};
  const bool filled = FillCandidates(static_cast<uint32_t>(seed),
                                     CandidateSet(candidates.first<CandidateSet::kBytes>()),
                                     static_cast<uint64_t>(skip), out);
  return Napi::Boolean::New(info.Env(), filled);
}

// What pick() and pickAsync() are called with.
struct PickArguments {
  explicit PickArguments(Arguments* from)
      : seed(static_cast<uint32_t>(from->Integer(0, "seed", 4294967295.0))),
        candidates(from->Candidates(1)),
        prepend(from->Ports(2, "prepend")),
        skip(static_cast<uint64_t>(from->Integer(3, "skip", kMaxSafeInteger))),
        max_tries(static_cast<uint64_t>(from->Integer(4, "maxTries", kMaxSafeInteger))),
        question(from->ReadQuestion(5)) {}

  uint32_t seed;
  std::span<const uint8_t> candidates;
  std::span<const uint16_t> prepend;
  uint64_t skip;
  uint64_t max_tries;
  Question question;
};

Napi::Value PickPort(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const PickArguments arguments(&reader);
  if (!reader.ok()) return {};
  Prober prober(arguments.question);
  const Pick pick = PickFirstFree(
      Search{arguments.seed, CandidateSet(arguments.candidates.first<CandidateSet::kBytes>()),
             arguments.prepend, arguments.skip, arguments.max_tries},
      [&](uint16_t port) { return prober.IsFree(port); });
  if (pick.port == 0) prober.Conclude();
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return Napi::Number::New(info.Env(), Packed(pick));
}

// A hold, as an object that releases it when it is collected, and when its thread ends.
class HoldObject final : public Napi::ObjectWrap<HoldObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Hold",
        {InstanceAccessor<&HoldObject::IsOver>("isOver"),
         InstanceMethod<&HoldObject::Release>("release"),
         InstanceMethod<&HoldObject::AdmitServers>("admitServers"),
         InstanceMethod<&HoldObject::TakeListeningDescriptor>("takeListeningDescriptor")});
  }

  // `new` from JavaScript gives one that holds nothing.
  explicit HoldObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<HoldObject>(info) {}

  void Set(Hold hold) { hold_ = std::move(hold); }

 private:
  Napi::Value Release(const Napi::CallbackInfo& info) {
    hold_.Release();
    return info.Env().Undefined();
  }

  Napi::Value IsOver(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), hold_.IsEmpty());
  }

  Napi::Value AdmitServers(const Napi::CallbackInfo& info) {
    SystemError error;
    hold_.AdmitServers(&error);
    if (ThrowFailure(info.Env(), error)) return {};
    return info.Env().Undefined();
  }

  Napi::Value TakeListeningDescriptor(const Napi::CallbackInfo& info) {
    Arguments reader(info);
    const double backlog = reader.Integer(0, "backlog", 1, 2147483647.0);
    if (!reader.ok()) return {};
    SystemError error;
    const int descriptor = hold_.TakeListeningDescriptor(static_cast<int>(backlog), &error);
    if (ThrowFailure(info.Env(), error)) return {};
    return Napi::Number::New(info.Env(), descriptor);
  }

  Hold hold_;
};

// What an instance of the addon keeps: one for each thread that loads it.
struct Instance {
  Napi::FunctionReference hold_class;
  EnvironmentWatch environment;
};

Napi::Value HoldPort(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const PickArguments arguments(&reader);
  const bool exclusive = reader.Boolean(7, "exclusive");
  if (!reader.ok()) return {};
  Holder holder(arguments.question, exclusive ? Admission::kNobody : Admission::kServers);
  const Pick pick = PickFirstFree(
      Search{arguments.seed, CandidateSet(arguments.candidates.first<CandidateSet::kBytes>()),
             arguments.prepend, arguments.skip, arguments.max_tries},
      [&](uint16_t port) { return holder.Try(port); });
  if (pick.port == 0) holder.Conclude();
  if (ThrowFailure(info.Env(), holder.error())) return {};
  // None of this need succeed: the thread may be ending, or its stack be full. The holder lets go.
  const Napi::Object object = info.Env().GetInstanceData<Instance>()->hold_class.New({});
  if (object.IsEmpty()) return {};
  HoldObject* const held = HoldObject::Unwrap(object);
  if (held == nullptr) return {};
  // Defined, not set: whatever Object.prototype has of that name.
  if (!object.DefineProperty(Napi::PropertyDescriptor::Value(
          "pick", Napi::Number::New(info.Env(), Packed(pick)), napi_enumerable))) {
    return {};
  }
  held->Set(holder.Take());
  return object;
}

Napi::Value IsPortFree(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const auto port = static_cast<uint16_t>(reader.Port(0, "port"));
  const Question question = reader.ReadQuestion(1);
  if (!reader.ok()) return {};
  Prober prober(question);
  const Answer answer = prober.IsFree(port);
  if (answer == Answer::kBusy) prober.Conclude();
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return Napi::Boolean::New(info.Env(), answer == Answer::kFree);
}

Napi::Value ProbePorts(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const std::span<const uint16_t> ports = reader.Ports(0, "ports");
  const Question question = reader.ReadQuestion(1);
  if (!reader.ok()) return {};
  Prober prober(question);
  std::vector<uint8_t> verdicts(ports.size());
  ProbeEach(&prober, ports, verdicts);
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return NewUint8Array(info.Env(), verdicts);
}

Napi::Value SystemPort(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const Question question = reader.ReadQuestion(0);
  if (!reader.ok()) return {};
  Prober prober(question);
  const uint16_t port = prober.EphemeralPort();
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return Napi::Number::New(info.Env(), port);
}

// Whether the thread is ending, so that nothing can be made or called in it: Node.js still reports
// finished work to one that is. Making an ArrayBuffer is the least that is refused then.
bool IsEnding(Napi::Env env) {
  napi_value buffer;
  return napi_create_arraybuffer(env, 0, nullptr, &buffer) != napi_ok;
}

// Asks a question on libuv's thread pool and settles a promise with the answer.
class QuestionWorker : public Napi::AsyncWorker {
 public:
  QuestionWorker(Napi::Env env, const Question& question)
      : Napi::AsyncWorker(env), question_(question) {}

  // Null when there is none: the thread is ending. (Napi::Promise::Deferred does not tell.)
  napi_value CreatePromise() {
    napi_value promise;
    return napi_create_promise(Env(), &deferred_, &promise) == napi_ok ? promise : nullptr;
  }

 protected:
  virtual void Ask(Prober* prober) = 0;
  virtual Napi::Value Result(Napi::Env env) = 0;

  void Execute() final {
    Prober prober(question_);
    Ask(&prober);
    error_ = prober.error();
  }

  void OnOK() final {
    const Napi::HandleScope scope(Env());
    if (IsEnding(Env())) return;  // nobody waits for the promise any more
    if (error_.number != 0) {
      napi_reject_deferred(Env(), deferred_, SystemException(Env(), error_).Value());
      return;
    }
    const Napi::Value result = Result(Env());
    if (!result.IsEmpty()) napi_resolve_deferred(Env(), deferred_, result);
  }

 private:
  Question question_;
  SystemError error_;
  napi_deferred deferred_ = nullptr;
};

// Copies what it works on: JavaScript may change its arrays meanwhile.
class PickWorker final : public QuestionWorker {
 public:
  PickWorker(Napi::Env env, const PickArguments& arguments)
      : QuestionWorker(env, arguments.question),
        candidates_(arguments.candidates.begin(), arguments.candidates.end()),
        prepend_(arguments.prepend.begin(), arguments.prepend.end()),
        search_{arguments.seed,
                CandidateSet(std::span<const uint8_t>(candidates_).first<CandidateSet::kBytes>()),
                prepend_, arguments.skip, arguments.max_tries} {}

 private:
  void Ask(Prober* prober) override {
    pick_ = PickFirstFree(search_, [&](uint16_t port) { return prober->IsFree(port); });
    if (pick_.port == 0) prober->Conclude();
  }
  Napi::Value Result(Napi::Env env) override { return Napi::Number::New(env, Packed(pick_)); }

  std::vector<uint8_t> candidates_;
  std::vector<uint16_t> prepend_;
  Search search_;
  Pick pick_{};
};

class ProbeWorker final : public QuestionWorker {
 public:
  ProbeWorker(Napi::Env env, std::span<const uint16_t> ports, const Question& question)
      : QuestionWorker(env, question),
        ports_(ports.begin(), ports.end()),
        verdicts_(ports.size()) {}

 private:
  void Ask(Prober* prober) override { ProbeEach(prober, ports_, verdicts_); }
  Napi::Value Result(Napi::Env env) override { return NewUint8Array(env, verdicts_); }

  std::vector<uint16_t> ports_;
  std::vector<uint8_t> verdicts_;
};

// The worker deletes itself when its promise is settled: Napi::AsyncWorker.
Napi::Value Start(std::unique_ptr<QuestionWorker> worker) {
  const napi_value promise = worker->CreatePromise();
  if (promise == nullptr) return {};
  const Napi::Env env = worker->Env();
  worker.release()->Queue();
  return {env, promise};
}

Napi::Value PickPortAsync(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const PickArguments arguments(&reader);
  if (!reader.ok()) return {};
  return Start(std::make_unique<PickWorker>(info.Env(), arguments));
}

Napi::Value ProbePortsAsync(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const std::span<const uint16_t> ports = reader.Ports(0, "ports");
  const Question question = reader.ReadQuestion(1);
  if (!reader.ok()) return {};
  return Start(std::make_unique<ProbeWorker>(info.Env(), ports, question));
}

Napi::Value EnvironmentGeneration(const Napi::CallbackInfo& info) {
  const std::optional<uint32_t> generation =
      info.Env().GetInstanceData<Instance>()->environment.Generation();
  if (!generation) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), *generation);
}

Napi::Value NoGeneration(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto instance = std::make_unique<Instance>();
  instance->hold_class = Napi::Persistent(HoldObject::Define(env));
  env.SetInstanceData(instance.release());
  exports.DefineProperties({
      Napi::PropertyDescriptor::Value("name", Napi::String::New(env, "native"), napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "hashcode", HashcodeOf, napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "sequence", FillSequence, napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "pick", PickPort, napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "pickAsync", PickPortAsync, napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "hold", HoldPort, napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "isFree", IsPortFree, napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "probe", ProbePorts, napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "probeAsync", ProbePortsAsync,
                                         napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "ephemeralPort", SystemPort,
                                         napi_enumerable),
      Napi::PropertyDescriptor::Function(env, exports, "environmentGeneration",
                                         IsMainThread() ? EnvironmentGeneration : NoGeneration,
                                         napi_enumerable),
  });
  return exports;
}

NODE_API_MODULE(port4me, Init)

}  // namespace
}  // namespace port4me

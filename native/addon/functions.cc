#include "addon/functions.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "addon/answers.h"
#include "addon/arguments.h"
#include "addon/hold_object.h"
#include "addon/holders_work.h"
#include "addon/instance.h"
#include "addon/question_queue.h"
#include "codes.h"
#include "environment_watch.h"
#include "hashcode.h"
#include "hold/holder.h"
#include "pick.h"
#include "probe/prober.h"
#include "sequence.h"
#include "system/environment_table.h"
#include "system/holders.h"

namespace port4me::addon {

// Each function has the name that JavaScript calls it by: `pick` is Pick(). It returns an empty
// value when it has thrown, or when it cannot create its answer because the thread is ending.
namespace functions {

Napi::Value Hashcode(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::u16string text = arguments.Text(0, "text");
  if (!arguments.ok()) return {};
  return Napi::Number::New(info.Env(), port4me::Hashcode(text));
}

Napi::Value Sequence(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const uint32_t seed = arguments.Seed(0);
  const auto allowed = arguments.AllowedPorts(1);
  const uint64_t skip = arguments.Count(2, "skip");
  const std::span<uint16_t> out = arguments.Out(3, "out");
  if (!arguments.ok()) return {};
  const bool filled = FillCandidates(seed, PortBits(allowed.first<PortBits::kBytes>()), skip, out);
  return Napi::Boolean::New(info.Env(), filled);
}

Napi::Value Pick(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const SearchArguments arguments(&reader);
  if (!reader.ok()) return {};
  Prober prober(arguments.question);
  const PickResult pick =
      PickFirstFree(arguments.search(), [&](uint16_t port) { return prober.IsFree(port); });
  if (pick.port == 0) prober.CheckDenials();
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return Napi::Number::New(info.Env(), Packed(pick));
}

// The first candidate is nearly always free. To probe it here takes less time than to hand the
// question to another thread. std::nullopt when it is not free.
std::optional<PickResult> PickFirstCandidate(const SearchArguments& arguments) {
  Prober prober(arguments.question);
  Searcher search(arguments.search());
  search.Run(1, [&](uint16_t port) { return prober.IsFreeNow(port); });
  if (search.result().port == 0) return std::nullopt;
  return search.result();
}

Napi::Value PickAsync(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const SearchArguments arguments(&reader);
  if (!reader.ok()) return {};
  if (const std::optional<PickResult> pick = PickFirstCandidate(arguments)) {
    const napi_value promise = NewResolvedPromise(info.Env(), NewNumber(info.Env(), Packed(*pick)));
    return {info.Env(), promise};
  }
  const napi_value promise = info.Env().GetInstanceData<Instance>()->questions->Add(
      info.Env(), std::make_unique<AsyncPick>(arguments));
  return {info.Env(), promise};
}

Napi::Value Hold(const Napi::CallbackInfo& info) {
  Arguments reader(info);
  const SearchArguments arguments(&reader);
  const bool exclusive = reader.Boolean(7, "exclusive");
  std::string label = reader.Label(8);
  if (!reader.ok()) return {};
  Holder holder(arguments.question, exclusive ? Admission::kNobody : Admission::kServers,
                std::move(label));
  const PickResult pick =
      PickFirstFree(arguments.search(), [&](uint16_t port) { return holder.Try(port); });
  if (pick.port == 0) holder.CheckDenials();
  if (ThrowFailure(info.Env(), holder.error())) return {};
  const Instance& instance = *info.Env().GetInstanceData<Instance>();
  return {info.Env(),
          HoldObject::New(info.Env(), instance.hold_class.Value(), pick, holder.Take())};
}

Napi::Value IsFree(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const uint16_t port = arguments.Port(0, "port");
  const Question question = arguments.Question(1);
  if (!arguments.ok()) return {};
  Prober prober(question);
  const Answer answer = prober.IsFree(port);
  if (answer == Answer::kBusy) prober.CheckDenialsOfSinglePorts();
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return Napi::Boolean::New(info.Env(), answer == Answer::kFree);
}

Napi::Value Probe(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::span<const uint16_t> ports = arguments.Ports(0, "ports");
  const Question question = arguments.Question(1);
  if (!arguments.ok()) return {};
  Prober prober(question);
  std::vector<uint8_t> verdicts;
  verdicts.reserve(ports.size());
  for (const uint16_t port : ports) {
    const std::optional<Verdict> verdict = prober.Probe(port);
    if (!verdict) break;
    verdicts.push_back(Packed(*verdict));
  }
  prober.CheckDenialsOfSinglePorts();
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return {info.Env(), NewUint8Array(info.Env(), verdicts)};
}

Napi::Value ProbeAsync(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::span<const uint16_t> ports = arguments.Ports(0, "ports");
  const Question question = arguments.Question(1);
  if (!arguments.ok()) return {};
  const napi_value promise = info.Env().GetInstanceData<Instance>()->questions->Add(
      info.Env(), std::make_unique<AsyncProbe>(ports, question));
  return {info.Env(), promise};
}

Napi::Value EphemeralPort(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Question question = arguments.Question(0);
  if (!arguments.ok()) return {};
  Prober prober(question);
  const uint16_t port = prober.EphemeralPort();
  if (ThrowFailure(info.Env(), prober.error())) return {};
  return Napi::Number::New(info.Env(), port);
}

// The four arguments `HoldersArguments` of binding.d.ts.
HoldersQuestion ReadHoldersQuestion(Arguments* arguments) {
  HoldersQuestion question;
  const std::span<const uint16_t> ports = arguments->Ports(0, "ports");
  question.ports.assign(ports.begin(), ports.end());
  const auto protocols = static_cast<uint32_t>(arguments->Integer(1, "protocols", 1, 3));
  question.tcp = (protocols & kAskTcp) != 0;
  question.udp = (protocols & kAskUdp) != 0;
  question.states = static_cast<uint8_t>(arguments->Integer(2, "states", 1, kStateAll));
  question.folder = arguments->Utf8(3, "folder");
  return question;
}

Napi::Value Holders(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const HoldersQuestion question = ReadHoldersQuestion(&arguments);
  if (!arguments.ok()) return {};
  const HoldersReport report = FindHolders(question);
  if (ThrowFailure(info.Env(), report.error)) return {};
  return {info.Env(), NewHoldersReport(info.Env(), report)};
}

Napi::Value HoldersAsync(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  HoldersQuestion question = ReadHoldersQuestion(&arguments);
  if (!arguments.ok()) return {};
  return {info.Env(), HoldersWork::Start(info.Env(), std::move(question))};
}

Napi::Value EnvironmentGeneration(const Napi::CallbackInfo& info) {
  const std::optional<uint32_t> generation =
      info.Env().GetInstanceData<Instance>()->environment.Generation();
  if (!generation) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), *generation);
}

Napi::Value Codes(const Napi::CallbackInfo& info) {
  const Napi::Object codes = Napi::Object::New(info.Env());
  for (const Code& code : kCodes) {
    codes.DefineProperty(Napi::PropertyDescriptor::Value(
        code.name, Napi::Number::New(info.Env(), code.value), napi_enumerable));
  }
  return codes;
}

Napi::Value NoGeneration(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }

}  // namespace functions

void DefineFunctions(Napi::Env env, Napi::Object exports) {
  const auto function = [&](const char* name, auto callback) {
    return Napi::PropertyDescriptor::Function(env, exports, name, callback, napi_enumerable);
  };
  exports.DefineProperties({
      function("hashcode", functions::Hashcode),
      function("sequence", functions::Sequence),
      function("codes", functions::Codes),
      function("pick", functions::Pick),
      function("pickAsync", functions::PickAsync),
      function("hold", functions::Hold),
      function("isFree", functions::IsFree),
      function("probe", functions::Probe),
      function("probeAsync", functions::ProbeAsync),
      function("ephemeralPort", functions::EphemeralPort),
      function("environmentGeneration",
               IsMainThread() ? functions::EnvironmentGeneration : functions::NoGeneration),
  });
  if (!kFindsHolders) return;
  exports.DefineProperties({
      function("holders", functions::Holders),
      function("holdersAsync", functions::HoldersAsync),
  });
}

}  // namespace port4me::addon

#include "addon/question_queue.h"

#include <iterator>
#include <utility>

#include "addon/answers.h"

namespace port4me::addon {
namespace {

// How long a work item keeps a thread of the pool. A hundred times what it costs to make one.
constexpr std::chrono::milliseconds kSlice{4};

// Ports that are asked about between two looks at the clock, which may be a system call.
constexpr uint32_t kPortsBetweenLooks = 16;

// Whether the thread is ending, so that nothing can be made or called in it: Node.js still reports
// finished work to one that is. Making an ArrayBuffer is the least that is refused then.
bool IsEnding(napi_env env) {
  napi_value buffer;
  return napi_create_arraybuffer(env, 0, nullptr, &buffer) != napi_ok;
}

}  // namespace

napi_value AsyncQuestion::NewPromise(napi_env env) {
  napi_value promise;
  return napi_create_promise(env, &deferred_, &promise) == napi_ok ? promise : nullptr;
}

bool AsyncQuestion::AskUntil(Clock::time_point end) {
  if (!prober_) prober_.emplace(question_);
  bool is_answered;
  do {
    is_answered = Ask(&*prober_, kPortsBetweenLooks);
  } while (!is_answered && Clock::now() < end);
  if (is_answered) Conclude(&*prober_);
  prober_->CloseSockets();  // many questions may wait
  return is_answered;
}

void AsyncQuestion::Settle(napi_env env) {
  // Where one of these fails the thread is ending, and nobody waits for the promise any more.
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  const bool failed = prober_->error().number != 0;
  const napi_value value = failed ? NewSystemError(env, prober_->error()) : NewAnswer(env);
  if (value != nullptr) {
    (failed ? napi_reject_deferred : napi_resolve_deferred)(env, deferred_, value);
  }
  // What a getter `then` of Object.prototype throws has rejected the promise. V8 leaves it pending
  // too, and Node.js would end the process by it.
  napi_value thrown;
  napi_get_and_clear_last_exception(env, &thrown);
  napi_close_handle_scope(env, scope);
}

AsyncPick::AsyncPick(const PickArguments& arguments)
    : AsyncQuestion(arguments.question),
      candidates_(arguments.candidates.begin(), arguments.candidates.end()),
      prepend_(arguments.prepend.begin(), arguments.prepend.end()),
      search_(
          Search{arguments.seed,
                 CandidateSet(std::span<const uint8_t>(candidates_).first<CandidateSet::kBytes>()),
                 prepend_, arguments.skip, arguments.max_tries}) {}

bool AsyncPick::Ask(Prober* prober, uint32_t count) {
  return search_.Run(count, [&](uint16_t port) { return prober->IsFree(port); });
}

void AsyncPick::Conclude(Prober* prober) { prober->Conclude(); }

napi_value AsyncPick::NewAnswer(napi_env env) const {
  return NewNumber(env, Packed(search_.pick()));
}

AsyncProbe::AsyncProbe(std::span<const uint16_t> ports, const Question& question)
    : AsyncQuestion(question), ports_(ports.begin(), ports.end()) {
  verdicts_.reserve(ports.size());
}

bool AsyncProbe::Ask(Prober* prober, uint32_t count) {
  for (; count > 0 && verdicts_.size() < ports_.size(); --count) {
    const std::optional<Verdict> verdict = prober->Probe(ports_[verdicts_.size()]);
    if (!verdict) return true;
    verdicts_.push_back(Packed(*verdict));
  }
  return verdicts_.size() == ports_.size();
}

void AsyncProbe::Conclude(Prober* prober) { prober->ConcludeSinglePorts(); }

napi_value AsyncProbe::NewAnswer(napi_env env) const { return NewUint8Array(env, verdicts_); }

// A work item. Node-API keeps it until it is done, and it keeps the queue: nothing it uses goes
// away when the thread of JavaScript ends first.
class QuestionQueue::Slice {
 public:
  Slice(std::shared_ptr<QuestionQueue> queue, Questions unanswered)
      : queue_(std::move(queue)), unanswered_(std::move(unanswered)) {}

  // False, and the slice is gone, when there can be none any more: the thread is ending.
  static bool Start(napi_env env, std::unique_ptr<Slice> slice) {
    napi_value name;
    if (napi_create_string_utf8(env, "port4me", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
    if (napi_create_async_work(env, nullptr, name, Run, Complete, slice.get(), &slice->work_) !=
        napi_ok) {
      return false;
    }
    if (napi_queue_async_work(env, slice->work_) != napi_ok) {
      napi_delete_async_work(env, slice->work_);
      return false;
    }
    slice.release();  // Complete() has it
    return true;
  }

 private:
  // In a thread of the pool. A question that is not answered in time goes to the back of the queue.
  static void Run(napi_env, void* data) {
    Slice& slice = *static_cast<Slice*>(data);
    const Clock::time_point end = Clock::now() + kSlice;
    do {
      std::unique_ptr<AsyncQuestion> question = std::move(slice.unanswered_.front());
      slice.unanswered_.pop_front();
      const bool is_answered = question->AskUntil(end);
      (is_answered ? slice.answered_ : slice.unanswered_).push_back(std::move(question));
    } while (!slice.unanswered_.empty() && Clock::now() < end);
  }

  static void Complete(napi_env env, napi_status, void* data) {
    const std::unique_ptr<Slice> slice(static_cast<Slice*>(data));
    napi_delete_async_work(env, slice->work_);
    slice->queue_->FinishSlice(env, std::move(slice->unanswered_), slice->answered_);
  }

  std::shared_ptr<QuestionQueue> queue_;
  napi_async_work work_ = nullptr;
  Questions unanswered_;
  Questions answered_;
};

napi_value QuestionQueue::Add(napi_env env, std::unique_ptr<AsyncQuestion> question) {
  const napi_value promise = question->NewPromise(env);
  if (promise == nullptr) return nullptr;
  waiting_.push_back(std::move(question));
  if (!slice_is_under_way_) StartSlice(env);
  return promise;
}

// What is made and settled may run JavaScript, by the hooks of async_hooks and by a getter `then`
// of Object.prototype, and that may call Add().

void QuestionQueue::StartSlice(napi_env env) {
  slice_is_under_way_ = true;
  auto slice = std::make_unique<Slice>(shared_from_this(), std::exchange(waiting_, {}));
  slice_is_under_way_ = Slice::Start(env, std::move(slice));
}

void QuestionQueue::FinishSlice(napi_env env, Questions unanswered, const Questions& answered) {
  // What came meanwhile is asked after them.
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(unanswered));
  waiting_ = std::move(unanswered);
  for (const auto& question : answered) question->Settle(env);
  slice_is_under_way_ = false;
  if (IsEnding(env)) {
    waiting_.clear();  // nobody waits for them any more
  } else if (!waiting_.empty()) {
    StartSlice(env);
  }
}

}  // namespace port4me::addon

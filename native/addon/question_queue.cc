#include "addon/question_queue.h"

#include <iterator>
#include <utility>

#include "addon/answers.h"

namespace port4me::addon {
namespace {

// How long a work item may use a thread of the pool. The creation of a work item takes a hundredth
// of this time.
constexpr std::chrono::milliseconds kSlice{4};

// How many ports are probed before the clock is read again. Reading it may be a system call.
constexpr uint32_t kPortsPerClockRead = 16;

// Whether the JavaScript thread is ending. Node.js still reports finished work to such a thread,
// but no value can be created and no function can be called in it. So this function makes the
// cheapest call that fails in such a thread.
bool IsEnding(napi_env env) {
  napi_value buffer;
  return napi_create_arraybuffer(env, 0, nullptr, &buffer) != napi_ok;
}

}  // namespace

napi_value AsyncQuestion::NewPromise(napi_env env) {
  napi_value promise;
  return napi_create_promise(env, &deferred_, &promise) == napi_ok ? promise : nullptr;
}

bool AsyncQuestion::AnswerUntil(Clock::time_point end) {
  if (!prober_) prober_.emplace(question_);
  bool is_answered;
  do {
    is_answered = ProbePorts(&*prober_, kPortsPerClockRead);
  } while (!is_answered && Clock::now() < end);
  if (is_answered) CheckDenials(&*prober_);
  prober_->CloseSockets();  // many questions may be waiting, and each would keep its sockets open
  return is_answered;
}

void AsyncQuestion::Settle(napi_env env) {
  addon::Settle(env, deferred_, prober_->error(), [&] { return NewAnswer(env); });
}

AsyncPick::AsyncPick(const SearchArguments& arguments)
    : AsyncQuestion(arguments.question),
      allowed_(arguments.allowed.begin(), arguments.allowed.end()),
      prepended_(arguments.prepended.begin(), arguments.prepended.end()),
      search_(Search{arguments.seed,
                     PortBits(std::span<const uint8_t>(allowed_).first<PortBits::kBytes>()),
                     prepended_, arguments.skip, arguments.max_tries}) {}

bool AsyncPick::ProbePorts(Prober* prober, uint32_t count) {
  return search_.Run(count, [&](uint16_t port) { return prober->IsFree(port); });
}

void AsyncPick::CheckDenials(Prober* prober) { prober->CheckDenials(); }

napi_value AsyncPick::NewAnswer(napi_env env) const {
  return NewNumber(env, Packed(search_.result()));
}

AsyncProbe::AsyncProbe(std::span<const uint16_t> ports, const Question& question)
    : AsyncQuestion(question), ports_(ports.begin(), ports.end()) {
  verdicts_.reserve(ports.size());
}

bool AsyncProbe::ProbePorts(Prober* prober, uint32_t count) {
  for (; count > 0 && verdicts_.size() < ports_.size(); --count) {
    const std::optional<Verdict> verdict = prober->Probe(ports_[verdicts_.size()]);
    if (!verdict) return true;
    verdicts_.push_back(Packed(*verdict));
  }
  return verdicts_.size() == ports_.size();
}

void AsyncProbe::CheckDenials(Prober* prober) { prober->CheckDenialsOfSinglePorts(); }

napi_value AsyncProbe::NewAnswer(napi_env env) const { return NewUint8Array(env, verdicts_); }

// A work item. Node-API keeps the item until it is done, and the item keeps the queue. So
// everything that the item uses still exists if the JavaScript thread ends before it is done.
class QuestionQueue::Slice {
 public:
  Slice(std::shared_ptr<QuestionQueue> queue, Questions unanswered)
      : queue_(std::move(queue)), unanswered_(std::move(unanswered)) {}

  // False when the thread is ending and accepts no more work. The slice is then destroyed.
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
    slice.release();  // Complete() owns it now
    return true;
  }

 private:
  // Runs in a thread of the pool. A question that is not answered in time goes to the back of the
  // queue.
  static void Run(napi_env, void* data) {
    Slice& slice = *static_cast<Slice*>(data);
    const Clock::time_point end = Clock::now() + kSlice;
    do {
      std::unique_ptr<AsyncQuestion> question = std::move(slice.unanswered_.front());
      slice.unanswered_.pop_front();
      const bool is_answered = question->AnswerUntil(end);
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

// The creation of a work item and the settling of a promise may run JavaScript: hooks of
// async_hooks, or a getter `then` of Object.prototype. That JavaScript may call Add(). During both
// steps slice_is_under_way_ is true, so that Add() does not start a second slice.

void QuestionQueue::StartSlice(napi_env env) {
  slice_is_under_way_ = true;
  auto slice = std::make_unique<Slice>(shared_from_this(), std::exchange(waiting_, {}));
  slice_is_under_way_ = Slice::Start(env, std::move(slice));
}

void QuestionQueue::FinishSlice(napi_env env, Questions unanswered, const Questions& answered) {
  // Questions that were added during the slice come after those that it left unanswered.
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(unanswered));
  waiting_ = std::move(unanswered);
  for (const auto& question : answered) question->Settle(env);
  slice_is_under_way_ = false;
  if (IsEnding(env)) {
    waiting_.clear();  // nothing waits for their answers
  } else if (!waiting_.empty()) {
    StartSlice(env);
  }
}

}  // namespace port4me::addon

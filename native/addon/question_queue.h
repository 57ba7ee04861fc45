// Answers questions off the event loop. Each JavaScript thread has one queue. A work item in
// libuv's thread pool answers questions from the queue for a few milliseconds.
//
// A process or a worker thread that ends waits for the work items in the pool
// (uv_library_shutdown() joins its threads; Environment::CleanupHandles() of Node.js waits for
// requests). Other users of the pool (fs, dns, crypto) wait for a free thread. So a queue has at
// most one item in the pool, the item is short, and the next one is created only after it is done.

#ifndef PORT4ME_ADDON_QUESTION_QUEUE_H_
#define PORT4ME_ADDON_QUESTION_QUEUE_H_

#include <napi.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "addon/arguments.h"
#include "pick.h"
#include "probe/prober.h"

namespace port4me::addon {

using Clock = std::chrono::steady_clock;

// A question and the promise of its answer. It copies its arrays, because JavaScript may change
// them before the question is answered.
class AsyncQuestion {
 public:
  explicit AsyncQuestion(const Question& question) : question_(question) {}
  virtual ~AsyncQuestion() = default;
  AsyncQuestion(const AsyncQuestion&) = delete;
  AsyncQuestion& operator=(const AsyncQuestion&) = delete;

  // Null when it cannot be created because the thread is ending.
  napi_value NewPromise(napi_env env);

  // Continues until the question is answered (true) or the time is over (false). May be called in
  // any thread.
  bool AnswerUntil(Clock::time_point end);

  // Settles the promise with the answer, if the thread is not ending.
  void Settle(napi_env env);

 protected:
  // Probes at most `count` ports. True when the question is answered or a system call failed.
  virtual bool ProbePorts(Prober* prober, uint32_t count) = 0;
  // Calls Prober::CheckDenials() or Prober::CheckDenialsOfSinglePorts().
  virtual void CheckDenials(Prober* prober) = 0;
  // Null when it cannot be created because the thread is ending.
  virtual napi_value NewAnswer(napi_env env) const = 0;

 private:
  Question question_;
  std::optional<Prober> prober_;
  napi_deferred deferred_ = nullptr;
};

class AsyncPick final : public AsyncQuestion {
 public:
  explicit AsyncPick(const SearchArguments& arguments);

 private:
  bool ProbePorts(Prober* prober, uint32_t count) override;
  void CheckDenials(Prober* prober) override;
  napi_value NewAnswer(napi_env env) const override;

  std::vector<uint8_t> allowed_;
  std::vector<uint16_t> prepended_;
  Searcher search_;
};

class AsyncProbe final : public AsyncQuestion {
 public:
  AsyncProbe(std::span<const uint16_t> ports, const Question& question);

 private:
  bool ProbePorts(Prober* prober, uint32_t count) override;
  void CheckDenials(Prober* prober) override;
  napi_value NewAnswer(napi_env env) const override;

  std::vector<uint16_t> ports_;
  std::vector<uint8_t> verdicts_;  // for as many of the first ports as were probed
};

using Questions = std::deque<std::unique_ptr<AsyncQuestion>>;

// To be used only by the JavaScript thread that it belongs to.
class QuestionQueue : public std::enable_shared_from_this<QuestionQueue> {
 public:
  // Returns the promise of the answer, or null when the thread is ending.
  napi_value Add(napi_env env, std::unique_ptr<AsyncQuestion> question);

 private:
  class Slice;

  // Puts a work item with all waiting questions into the pool.
  void StartSlice(napi_env env);
  // Settles the answered questions of the item, and continues with the others.
  void FinishSlice(napi_env env, Questions unanswered, const Questions& answered);

  Questions waiting_;
  bool slice_is_under_way_ = false;
};

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_QUESTION_QUEUE_H_

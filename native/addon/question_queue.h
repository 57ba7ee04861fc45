// Questions off the event loop: one queue for each thread of JavaScript, and a work item of libuv's
// thread pool that answers from it for some milliseconds at a time.
//
// At its end a process, and a worker thread, waits for what is in the pool (uv_library_shutdown()
// joins its threads; Environment::CleanupHandles() of Node.js waits for requests), and whoever else
// needs the pool waits for a thread of it: fs, dns, crypto. So one item at most is in the pool, it
// is short, and the next is made when it is done and the thread goes on.

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

// A question and the promise of its answer. It keeps copies of what it works on: JavaScript may
// change its arrays meanwhile.
class AsyncQuestion {
 public:
  explicit AsyncQuestion(const Question& question) : question_(question) {}
  virtual ~AsyncQuestion() = default;
  AsyncQuestion(const AsyncQuestion&) = delete;
  AsyncQuestion& operator=(const AsyncQuestion&) = delete;

  // Null when it cannot be made: the thread is ending.
  napi_value NewPromise(napi_env env);

  // Asks on, until it is answered (true) or the time comes (false). For any thread.
  bool AskUntil(Clock::time_point end);

  // Settles the promise with the answer, if the thread is not ending.
  void Settle(napi_env env);

 protected:
  // Asks about so many ports at most. True when the question is answered or a system call failed.
  virtual bool Ask(Prober* prober, uint32_t count) = 0;
  // Tells ports that are denied from a system that denies all.
  virtual void Conclude(Prober* prober) = 0;
  // Null when it cannot be made: the thread is ending.
  virtual napi_value NewAnswer(napi_env env) const = 0;

 private:
  Question question_;
  std::optional<Prober> prober_;
  napi_deferred deferred_ = nullptr;
};

class AsyncPick final : public AsyncQuestion {
 public:
  explicit AsyncPick(const PickArguments& arguments);

 private:
  bool Ask(Prober* prober, uint32_t count) override;
  void Conclude(Prober* prober) override;
  napi_value NewAnswer(napi_env env) const override;

  std::vector<uint8_t> candidates_;
  std::vector<uint16_t> prepend_;
  Searcher search_;
};

class AsyncProbe final : public AsyncQuestion {
 public:
  AsyncProbe(std::span<const uint16_t> ports, const Question& question);

 private:
  bool Ask(Prober* prober, uint32_t count) override;
  void Conclude(Prober* prober) override;
  napi_value NewAnswer(napi_env env) const override;

  std::vector<uint16_t> ports_;
  std::vector<uint8_t> verdicts_;  // of the first ports
};

using Questions = std::deque<std::unique_ptr<AsyncQuestion>>;

// For the thread of JavaScript alone.
class QuestionQueue : public std::enable_shared_from_this<QuestionQueue> {
 public:
  // The promise of an answer; null when the thread is ending.
  napi_value Add(napi_env env, std::unique_ptr<AsyncQuestion> question);

 private:
  class Slice;

  // Gives the pool a work item that asks what waits.
  void StartSlice(napi_env env);
  // Takes back what such an item was given.
  void FinishSlice(napi_env env, Questions unanswered, const Questions& answered);

  Questions waiting_;
  bool slice_is_under_way_ = false;
};

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_QUESTION_QUEUE_H_

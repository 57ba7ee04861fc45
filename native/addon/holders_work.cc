#include "addon/holders_work.h"

#include <memory>
#include <utility>

#include "addon/answers.h"

namespace port4me::addon {

napi_value HoldersWork::Start(napi_env env, HoldersQuestion question) {
  std::unique_ptr<HoldersWork> work(new HoldersWork(std::move(question)));
  napi_value promise;
  napi_value name;
  if (napi_create_promise(env, &work->deferred_, &promise) != napi_ok ||
      napi_create_string_utf8(env, "port4me", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, nullptr, name, Run, Complete, work.get(), &work->work_) !=
          napi_ok) {
    return nullptr;
  }
  if (napi_queue_async_work(env, work->work_) != napi_ok) {
    napi_delete_async_work(env, work->work_);
    return nullptr;
  }
  work.release();  // Complete() owns it now
  return promise;
}

void HoldersWork::Run(napi_env, void* data) {
  HoldersWork& work = *static_cast<HoldersWork*>(data);
  work.report_ = FindHolders(work.question_);
}

void HoldersWork::Complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<HoldersWork> work(static_cast<HoldersWork*>(data));
  napi_delete_async_work(env, work->work_);
  Settle(env, work->deferred_, work->report_.error,
         [&] { return NewHoldersReport(env, work->report_); });
}

}  // namespace port4me::addon

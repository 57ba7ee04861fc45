// The search for holders off the event loop.

#ifndef PORT4ME_ADDON_HOLDERS_WORK_H_
#define PORT4ME_ADDON_HOLDERS_WORK_H_

#include <napi.h>

#include "system/holders.h"

namespace port4me::addon {

// One search, as a work item of libuv's thread pool. A thread that ends meanwhile waits for it.
class HoldersWork {
 public:
  // Returns the promise of the report, or null when the thread is ending.
  static napi_value Start(napi_env env, HoldersQuestion question);

 private:
  explicit HoldersWork(HoldersQuestion question) : question_(std::move(question)) {}

  static void Run(napi_env env, void* data);
  static void Complete(napi_env env, napi_status status, void* data);

  HoldersQuestion question_;
  HoldersReport report_;
  napi_async_work work_ = nullptr;
  napi_deferred deferred_ = nullptr;
};

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_HOLDERS_WORK_H_

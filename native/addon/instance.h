// The data of one instance of the addon. Each thread that loads the addon has its own.

#ifndef PORT4ME_ADDON_INSTANCE_H_
#define PORT4ME_ADDON_INSTANCE_H_

#include <napi.h>

#include <memory>

#include "addon/question_queue.h"
#include "environment_watch.h"

namespace port4me::addon {

struct Instance {
  Napi::FunctionReference hold_class;
  EnvironmentWatch environment;
  std::shared_ptr<QuestionQueue> questions = std::make_shared<QuestionQueue>();
};

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_INSTANCE_H_

// The functions of the interface `Engine` in binding.d.ts.

#ifndef PORT4ME_ADDON_FUNCTIONS_H_
#define PORT4ME_ADDON_FUNCTIONS_H_

#include <napi.h>

namespace port4me::addon {

// Adds the functions to `exports`.
void DefineFunctions(Napi::Env env, Napi::Object exports);

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_FUNCTIONS_H_

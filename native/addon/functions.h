// The functions of the interface Engine of binding.d.ts.

#ifndef PORT4ME_ADDON_FUNCTIONS_H_
#define PORT4ME_ADDON_FUNCTIONS_H_

#include <napi.h>

namespace port4me::addon {

// Makes them properties of an object.
void DefineFunctions(Napi::Env env, Napi::Object exports);

}  // namespace port4me::addon

#endif  // PORT4ME_ADDON_FUNCTIONS_H_

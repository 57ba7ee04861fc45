// libunwind marks its functions as exported (its config.h), and a binary that is linked to it
// exports them. The addon needs none: it throws no exception and is built to catch none, and one
// that the C++ library throws ends the process either way. These are the functions that libc++abi
// refers to.

#include <cstdlib>

extern "C" {

#define UNWINDER_FUNCTION(name) \
  void name() { std::abort(); }
UNWINDER_FUNCTION(_Unwind_DeleteException)
UNWINDER_FUNCTION(_Unwind_GetIP)
UNWINDER_FUNCTION(_Unwind_GetLanguageSpecificData)
UNWINDER_FUNCTION(_Unwind_GetRegionStart)
UNWINDER_FUNCTION(_Unwind_RaiseException)
UNWINDER_FUNCTION(_Unwind_Resume)
UNWINDER_FUNCTION(_Unwind_SetGR)
UNWINDER_FUNCTION(_Unwind_SetIP)
#undef UNWINDER_FUNCTION

// Windows asks it, for each frame of the library that an exception of any kind passes, whether it
// is caught there. 1 is ExceptionContinueSearch: EXCEPTION_DISPOSITION of excpt.h.
int _GCC_specific_handler() { return 1; }

}  // extern "C"

// Replaces libunwind. It marks its functions as exported (its config.h), so a binary that is linked
// to it exports them. The addon does not need it: it is built without exceptions, and an exception
// that the C++ library throws ends the process in any case. libc++abi refers to the functions
// below.

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

// When an exception of any kind passes a frame of this library, Windows calls this function to ask
// whether the frame catches it. 1 is ExceptionContinueSearch (EXCEPTION_DISPOSITION of excpt.h).
int _GCC_specific_handler() { return 1; }

}  // extern "C"

// The part of the socket layer that all POSIX systems share.

#ifndef PORT4ME_SYSTEM_SOCKET_POSIX_H_
#define PORT4ME_SYSTEM_SOCKET_POSIX_H_

namespace port4me {

// socket(2) with the close-on-exec flag. -1, with errno set, on failure.
int OpenCloseOnExec(int domain, int type);

}  // namespace port4me

#endif  // PORT4ME_SYSTEM_SOCKET_POSIX_H_

// A small test harness: a table of named cases. Each run of the program runs one of them.

#ifndef PORT4ME_TEST_NATIVE_CHECK_H_
#define PORT4ME_TEST_NATIVE_CHECK_H_

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                            \
  do {                                                                              \
    if (!(condition)) {                                                             \
      std::fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                                 \
    }                                                                               \
  } while (false)

struct Case {
  const char* name;
  void (*run)();
};

#endif  // PORT4ME_TEST_NATIVE_CHECK_H_

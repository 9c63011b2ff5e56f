// What the programs here share: a check that says where it failed, and a case by its name.
#ifndef POSIX_ASYNC_TEST_CORE_CASES_H_
#define POSIX_ASYNC_TEST_CORE_CASES_H_

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#define CHECK(what)                                                        \
  do {                                                                     \
    if (!(what)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

// Runs the case that the command line names; the exit code.
inline int RunCase(int count, char** arguments, const std::map<std::string, std::function<void()>>& cases) {
  const auto found = cases.find(count > 1 ? arguments[1] : "");
  if (found == cases.end()) return 2;
  found->second();
  return 0;
}

#endif  // POSIX_ASYNC_TEST_CORE_CASES_H_

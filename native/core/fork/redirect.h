// Redirecting calls that loaded objects make into the C library.
#ifndef POSIX_ASYNC_CORE_FORK_REDIRECT_H_
#define POSIX_ASYNC_CORE_FORK_REDIRECT_H_

#include <cstddef>

namespace posix_async::fork {

struct Redirection {
  const char* name;
  void* replacement;
};

// From now on who is loaded calls the replacements, the C library itself excepted. How many slots were redirected,
// those that had been before included; -1 where memory could not be made writable: then some may have been. Main
// thread.
int RedirectCalls(const Redirection* first, size_t count);

// What was redirected so far, and how many objects had been loaded by then.
struct Redirected {
  unsigned long long loads = 0;
  int count = 0;
};

// The same, again only where more was loaded since.
int KeepRedirected(const Redirection* first, size_t count, Redirected* redirected);

// The C library's own function of that name, null where it has none. What the program gives for it may be a way through
// the slot that was redirected.
void* FunctionOfTheSystem(const char* name);

// As a function of its type. False where there is none.
template <typename Function>
bool Find(const char* name, Function* found) {
  *found = reinterpret_cast<Function>(FunctionOfTheSystem(name));
  return *found != nullptr;
}

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_REDIRECT_H_

// The isolate of the calling thread, for the functions of v8.h that are looked up by name.
#ifndef POSIX_ASYNC_CORE_FORK_ISOLATE_H_
#define POSIX_ASYNC_CORE_FORK_ISOLATE_H_

#include <dlfcn.h>

namespace posix_async::fork {

// v8::Isolate::GetCurrent; null where Node does not export it.
inline void* CurrentIsolateFunction() { return dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv"); }

inline void* CurrentIsolate() {
  const auto current = reinterpret_cast<void* (*)()>(CurrentIsolateFunction());
  return current == nullptr ? nullptr : current();
}

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_ISOLATE_H_

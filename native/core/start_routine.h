// What a thread may begin with, by a number for JavaScript: built-in routines, and functions of shared objects with C's
// signature. Any thread. See: man 3 pthread_create, dlsym.
#ifndef POSIX_ASYNC_CORE_START_ROUTINE_H_
#define POSIX_ASYNC_CORE_START_ROUTINE_H_

#include <string>

namespace posix_async {

using StartRoutine = void* (*)(void*);

// The number of a built-in routine, or -ENOENT.
int FindRoutine(const std::string& name);
// The number of a shared object's function; negative with the reason in `error`. The object stays loaded for good.
int LoadRoutine(const std::string& path, const std::string& symbol, std::string* error);
StartRoutine RoutineOf(int number);  // nullptr where there is none

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_START_ROUTINE_H_

// pthread.h for callers that know threads by number: a number is never used twice, so one whose thread is gone is
// ESRCH and never undefined behaviour. Any thread may call any of these; each gives a value >= 0 or -errno.
// See: man 7 pthreads.
#ifndef POSIX_ASYNC_CORE_PTHREAD_H_
#define POSIX_ASYNC_CORE_PTHREAD_H_

#include <pthread.h>
#include <sched.h>

#include <cstddef>
#include <string>

#include "start_routine.h"

namespace posix_async {

constexpr size_t kByDefault = static_cast<size_t>(-1);

struct ThreadAttributes {
  bool detached = false;
  size_t stack_size = kByDefault;
  size_t guard_size = kByDefault;
  const cpu_set_t* cpus = nullptr;  // nullptr: those of the thread that creates it
};

// Gives the new thread's number. The argument is the routine's from then on; with -errno it is still the caller's.
int CreateThread(const ThreadAttributes& attributes, StartRoutine routine, void* argument);
// The calling thread's number, which it keeps. A thread that was not made here can be killed and named, not joined.
int SelfThread();

// Joining: one claims the thread, waits for its end (`end`, if asked for, is an eventfd of the thread's that becomes
// readable then), and takes its result, which blocks until the thread has really ended; or gives up, and another may.
// Without `end` the calling thread is to join next: a circle of threads that wait for each other is -EDEADLK, which
// glibc finds in none of its recent versions.
int ClaimThread(int number, int* end);
int JoinThread(int number, void** result);
void GiveThreadUp(int number);
// The same at once, -EBUSY while the thread runs.
int TryJoinThread(int number, void** result);

int DetachThread(int number);
int KillThread(int number, int signal);  // -ESRCH too for a thread that has ended and was not joined
int CancelThread(int number);            // -EPERM for a thread that was not made here
int NameThread(int number, const char* name);
int ThreadNameOf(int number, char name[16]);
int SetThreadCpus(int number, const cpu_set_t& cpus);
int ThreadCpus(int number, cpu_set_t* cpus);
int AttributesOf(int number, ThreadAttributes* attributes);

// In a child made by fork no thread lives but the calling one: their numbers are nobody's.
void ForgetThreadsAfterFork();

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_PTHREAD_H_

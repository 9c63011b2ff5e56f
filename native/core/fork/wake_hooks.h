// Wake-ups: what a program calls to wake another of its threads, or to wait for one, can be told of before it happens.
#ifndef POSIX_ASYNC_CORE_FORK_WAKE_HOOKS_H_
#define POSIX_ASYNC_CORE_FORK_WAKE_HOOKS_H_

#include <pthread.h>

namespace posix_async::fork {

// Redirects pthread_cond_signal, pthread_cond_broadcast, sem_post and the waits that belong to them of everything that
// is loaded; again where more was loaded since. False where it could not be done. Before a fork, on the main thread.
bool HookWakeUps();

// The next wake-up or wait, on whatever thread, first calls `before`, once. Null takes that back.
void BeforeNextWakeUp(void (*before)());

// Each wait on a condition variable, on whatever thread, first calls `before` with the mutex of the wait. Once.
void BeforeEachWait(void (*before)(pthread_mutex_t* mutex));

// As if a wake-up were about to happen.
void WakeUpIsNear();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_WAKE_HOOKS_H_

// Wake-ups: what a program calls to wake another of its threads can be told of before it happens.
#ifndef POSIX_ASYNC_CORE_FORK_WAKE_HOOKS_H_
#define POSIX_ASYNC_CORE_FORK_WAKE_HOOKS_H_

namespace posix_async::fork {

// Redirects pthread_cond_signal, pthread_cond_broadcast and sem_post of everything that is loaded; again where more was
// loaded since. False where it could not be done. Before a fork, on the main thread.
bool HookWakeUps();

// The next wake-up, on whatever thread, first calls `before`, once. Null takes that back.
void BeforeNextWakeUp(void (*before)());

// As if a wake-up were about to happen.
void WakeUpIsNear();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_WAKE_HOOKS_H_

// Signal frames: what a parked thread was doing, read from the registers that the kernel saved on its stack.
#ifndef POSIX_ASYNC_CORE_FORK_FRAME_H_
#define POSIX_ASYNC_CORE_FORK_FRAME_H_

#include <ucontext.h>

#include <cstdint>

#include "call_look.h"

namespace posix_async::fork {

// The system call that the signal interrupted.
enum class Interrupted {
  kNothing,    // none: user code
  kFutex,      // a wait on a futex; it is made again when the handler returns
  kTimedWait,  // a wait on a futex with a time limit: it gives EINTR, and the C library or an allocator waits anew
  kBackOff,    // a sleep of less than a millisecond, by which a lock is waited for; it gives EINTR
  kOutside,    // a wait for what comes from outside: epoll_wait, poll, a sleep ...; it gives EINTR
  kPerhaps,  // a call that may wait for what comes from outside (read, accept ...): it waits and is made again when the
             // handler returns, or the thread is just about to make it
  kCall,     // any other call: the thread is just about to make it
};

Interrupted InterruptedCall(const ucontext_t& context);

uintptr_t ProgramCounter(const ucontext_t& context);

// A system call that a handler can make in the place of the interrupted one, with the same outcome: a wait on a futex
// or in epoll_wait without a time limit. False where it is none of these.
struct Wait {
  long number = 0;
  long arguments[6] = {};
};

bool PlainWait(const ucontext_t& context, Interrupted call, Wait* wait);

// A call that gave EINTR, as the registers and the code tell it: number -1 where that is lost. False where the first
// argument is lost.
bool CallOf(const ucontext_t& context, Wait* made);

// Was it this call that the thread was looked at in?
bool IsTheCall(const ucontext_t& context, const CallLook& look);

// The call that gave EINTR is made again when the handler returns.
void MakeAgain(ucontext_t* context, long number, long first_argument);

// Whether the call was made through syscall(3), as libraries do that have condition variables of their own.
bool IsByHand(const ucontext_t& context);

// Whether it is the wait of pthread_cond_wait or sem_wait, as the C library makes it, or one like it.
bool IsConditionWait(const Wait& wait);

// The word that a wait on a futex waits at, or 0 where that is lost.
uintptr_t FutexWord(const ucontext_t& context, Interrupted call);

uintptr_t StackPointer(const ucontext_t& context);

// The interrupted call has given `result` and is not made again.
void FinishCall(ucontext_t* context, Interrupted call, long result);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_FRAME_H_

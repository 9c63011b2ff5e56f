// A system call that the park signal has interrupted, gone on with: fork() disturbs no thread of the parent's.
#ifndef POSIX_ASYNC_CORE_FORK_RESUMED_CALL_H_
#define POSIX_ASYNC_CORE_FORK_RESUMED_CALL_H_

#include <ucontext.h>

#include "call_look.h"
#include "frame.h"

namespace posix_async::fork {

// For a call that gave EINTR: the call by which a handler goes on with it, with the time that is left. `look` is what
// the kernel said of the thread before the signal was sent. False where there is none: it is another call, or nobody
// knows what is left of its time.
bool ResumingCall(const ucontext_t& context, Interrupted call, const CallLook& look, Wait* wait);

// Whether it has a time limit of which nobody knows how much is left.
bool HasUnknownRest(const CallLook& look);

// Makes it, under `mask`. Its result; where it gave EINTR also -EINTR for a signal with a handler that came meanwhile,
// as that would have interrupted it.
long Resume(const Wait& wait, const sigset_t& mask, Interrupted call);

// In the child, for a thread that lives on: a wait on a futex up to a point in time is made again when the handler
// returns. One for a length of time, of which nobody knows how much is left, gives EINTR.
void WaitAgain(ucontext_t* context, const CallLook& look);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_RESUMED_CALL_H_

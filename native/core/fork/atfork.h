// The fork handlers that libraries registered with pthread_atfork, which the raw clone would pass over.
#ifndef POSIX_ASYNC_CORE_FORK_ATFORK_H_
#define POSIX_ASYNC_CORE_FORK_ATFORK_H_

namespace posix_async::fork {

// Whether the C library's list was found; where it was not, the functions below do nothing.
bool HandlersAreKnown();

// As fork(3) runs them: prepare in reverse order of registration, the others in order.
void RunPrepareHandlers();
void RunParentHandlers();
void RunChildHandlers();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_ATFORK_H_

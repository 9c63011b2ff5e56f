// Silence, in the child: no handle of the parent's event loop fires there, keeps it alive, or holds the parent's
// descriptor.
#ifndef POSIX_ASYNC_CORE_FORK_SILENCE_H_
#define POSIX_ASYNC_CORE_FORK_SILENCE_H_

#include <uv.h>

namespace posix_async::fork {

// Before uv_loop_fork. Standard input, output and error stay. Returns 0 or a negative errno.
int SilenceHandles(uv_loop_t* loop);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_SILENCE_H_

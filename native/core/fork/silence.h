// Silence, in the child: no handle of the parent's event loop fires there, keeps it alive, or holds the parent's
// descriptor.
#ifndef POSIX_ASYNC_CORE_FORK_SILENCE_H_
#define POSIX_ASYNC_CORE_FORK_SILENCE_H_

#include <uv.h>

namespace posix_async::fork {

// Before uv_loop_fork. Standard output and error stay, and so does the descriptor of standard input. `idle` is a socket
// on which nothing ever comes, and to which writes fail with EPIPE. Returns 0 or a negative errno.
int SilenceHandles(uv_loop_t* loop, int idle);

// How many streams (sockets, pipes, listeners; standard input) of the parent's SilenceHandles has last found.
int SilencedStreams();

// In a child, after SilenceHandles and before it has streams of its own: whether these count as referenced, by which
// Node tells handles that it lists.
void RefStreams(uv_loop_t* loop, bool referenced);

// Where handles are kept and not silenced: their requests (writes, connects, shutdowns) go on and count, alone; and the
// paths of sockets stay when they are closed, as in C.
void KeepHandles(uv_loop_t* loop);

// `watcher` is watched no more by the loop.
void Unwatch(uv_loop_t* loop, uv__io_t* watcher);

// After uv_loop_fork, which forgets what was signalled: V8's own tasks that wait for the main thread (the end of a
// compilation of WebAssembly, of a collection) are the runtime's and go on in the child. Where Node does not tell its
// function by name, they wait for the next one.
void ResumePlatformTasks(uv_loop_t* loop);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_SILENCE_H_

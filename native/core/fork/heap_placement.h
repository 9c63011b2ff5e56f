// Where V8 maps the pages of its heap: side by side, for the sake of forks.
#ifndef POSIX_ASYNC_CORE_FORK_HEAP_PLACEMENT_H_
#define POSIX_ASYNC_CORE_FORK_HEAP_PLACEMENT_H_

namespace posix_async::fork {

// From now on pages that V8 maps lie together; those it has stay where they are. Where calls can't be redirected
// nothing changes. Main thread.
void PlaceHeapTogether();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_HEAP_PLACEMENT_H_

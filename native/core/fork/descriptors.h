// Descriptors of a child that is to hold no more than it needs.
#ifndef POSIX_ASYNC_CORE_FORK_DESCRIPTORS_H_
#define POSIX_ASYNC_CORE_FORK_DESCRIPTORS_H_

#include <uv.h>

#include <vector>

namespace posix_async::fork {

// In a child, before anything is repaired: lets go of all descriptors but 0 to 2 and these. `loop` is the one that
// uv_loop_fork makes the child's own afterwards. 0, or -errno: then the child may hold more, and must end.
int KeepOnly(const std::vector<int>& kept, uv_loop_t* loop);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_DESCRIPTORS_H_

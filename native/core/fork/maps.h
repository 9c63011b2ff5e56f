// Mappings: what V8 hides from a fork is shown to it.
#ifndef POSIX_ASYNC_CORE_FORK_MAPS_H_
#define POSIX_ASYNC_CORE_FORK_MAPS_H_

namespace posix_async::fork {

// From now on V8's pages, those it has and those to come, are given to children. Main thread, when the addon is loaded.
void ShowHeap();

// Before a fork: where that could not be done gives every private mapping to the child. Allocates nothing. Returns 0 or
// a negative errno.
int MakeMappingsForkable();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_MAPS_H_

// Mappings: what V8 hides from a fork is shown to it.
#ifndef POSIX_ASYNC_CORE_FORK_MAPS_H_
#define POSIX_ASYNC_CORE_FORK_MAPS_H_

namespace posix_async::fork {

// Gives every private mapping to the next child. Allocates nothing. Returns 0 or a negative errno.
int MakeMappingsForkable();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_MAPS_H_

// Free pieces of the allocator's memory, taken out of use for as long as children are forked.
#ifndef POSIX_ASYNC_CORE_FORK_ALLOCATOR_HOLES_H_
#define POSIX_ASYNC_CORE_FORK_ALLOCATOR_HOLES_H_

namespace posix_async::fork {

// While at least one lives. On the main thread.
class AllocatorHolesPlugged {
 public:
  AllocatorHolesPlugged();
  ~AllocatorHolesPlugged();
  AllocatorHolesPlugged(const AllocatorHolesPlugged&) = delete;
  AllocatorHolesPlugged& operator=(const AllocatorHolesPlugged&) = delete;
};

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_ALLOCATOR_HOLES_H_

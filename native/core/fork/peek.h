// A look at memory of this process that may not be there.
#ifndef POSIX_ASYNC_CORE_FORK_PEEK_H_
#define POSIX_ASYNC_CORE_FORK_PEEK_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace posix_async::fork {

// Copies `size` bytes: the kernel says where there is nothing to read, where a plain read would fault.
// Async-signal-safe.
bool Peek(uintptr_t address, void* into, size_t size);

// Copies from many places at once, at most IOV_MAX, one behind the other into `into`: how many bytes, up to the first
// place where there is nothing to read.
size_t PeekEach(const iovec* places, size_t count, void* into);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PEEK_H_

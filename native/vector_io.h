// Several pieces of memory as the kernel takes them. See: man 2 readv
#ifndef POSIX_ASYNC_VECTOR_IO_H_
#define POSIX_ASYNC_VECTOR_IO_H_

#include <sys/uio.h>

#include <vector>

#include "arguments.h"

namespace posix_async {

std::vector<iovec> ToVector(const Rest& buffers);

}  // namespace posix_async

#endif  // POSIX_ASYNC_VECTOR_IO_H_

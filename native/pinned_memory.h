// The memory behind a token that allocatePinned gave (pinned_memory.cc), for other families.
#ifndef POSIX_ASYNC_PINNED_MEMORY_H_
#define POSIX_ASYNC_PINNED_MEMORY_H_

#include "arguments.h"

namespace posix_async {

// The bytes of a token, or of a Buffer that stands for one; none of any other value.
Bytes PinnedBytes(napi_env env, napi_value token);

// Whether an operation of the environment's uses memory that goes with its heap.
bool HeapIsInUse(napi_env env);

// Nothing of this thread's pinned memory is freed from now on: the kernel may still write to some of it.
void KeepPinnedMemoryForGood();

}  // namespace posix_async

#endif  // POSIX_ASYNC_PINNED_MEMORY_H_

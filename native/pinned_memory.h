// The memory behind a token that allocatePinned gave (pinned_memory.cc), for other families.
#ifndef POSIX_ASYNC_PINNED_MEMORY_H_
#define POSIX_ASYNC_PINNED_MEMORY_H_

#include "arguments.h"

namespace posix_async {

// The bytes of a token, or of a Buffer that stands for one; none of any other value.
Bytes PinnedBytes(napi_env env, napi_value token);

}  // namespace posix_async

#endif  // POSIX_ASYNC_PINNED_MEMORY_H_

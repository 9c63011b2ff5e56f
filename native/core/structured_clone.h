// What a structured clone of V8's would take of the heap, told from its bytes before any of it is made. V8 reads bytes
// of another process safely, but it believes the lengths in them: a few hundred bytes can ask for arrays of gigabytes,
// and V8 ends the process when its heap is full. The format is that of V8's ValueSerializer, version 15, with the
// host objects of Node's v8.serialize.
#ifndef POSIX_ASYNC_CORE_STRUCTURED_CLONE_H_
#define POSIX_ASYNC_CORE_STRUCTURED_CLONE_H_

#include <cstddef>
#include <cstdint>

namespace posix_async {

// An estimate in bytes; or -EBADMSG for what v8.serialize of format `version` does not write.
int64_t CostOfStructuredClone(const uint8_t* data, size_t size, unsigned version);

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_STRUCTURED_CLONE_H_

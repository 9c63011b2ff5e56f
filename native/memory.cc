// Memory shared with forked children, as an ArrayBuffer: sys/mman.h. See: man 2 mmap.
// JavaScript thread of the environment that makes it; the memory goes back when the last view's buffer is collected or
// detached, from the finalizer alone, so that nothing that still uses it (a job of the thread pool) is left without.
#include <sys/mman.h>

#include "binding.h"

namespace posix_async {
namespace {

struct Mapping {
  void* address;
  size_t length;
};

void Unmap(Mapping* mapping) {
  munmap(mapping->address, mapping->length);
  delete mapping;
}

// The zeroed memory as an ArrayBuffer, or a negative errno: -ENOTSUP where the runtime allows no memory of ours.
napi_value Mmap(Napi::Env env, int64_t length, int protection, int flags) {
  void* address = mmap(nullptr, length, protection, flags, -1, 0);
  if (address == MAP_FAILED) return NumberOf(env, -errno);
  auto* mapping = new Mapping{address, static_cast<size_t>(length)};
  int error = 0;
  napi_value buffer = MemoryOf<Mapping, Unmap>(env, address, mapping->length, mapping, &error);
  return error ? NumberOf(env, error) : buffer;
}

bool Detach(Napi::ArrayBuffer buffer) { return napi_detach_arraybuffer(buffer.Env(), buffer) == napi_ok; }

}  // namespace

void RegisterMemory(Exports& exports) {
  exports.Function<&Mmap>("mmap");
  exports.Function<&Detach>("detach");

  POSIX_ASYNC_CONSTANT(exports, MAP_ANONYMOUS);
  POSIX_ASYNC_CONSTANT(exports, MAP_HUGETLB);
  POSIX_ASYNC_CONSTANT(exports, MAP_LOCKED);
  POSIX_ASYNC_CONSTANT(exports, MAP_NORESERVE);
  POSIX_ASYNC_CONSTANT(exports, MAP_POPULATE);
  POSIX_ASYNC_CONSTANT(exports, MAP_SHARED);
  POSIX_ASYNC_CONSTANT(exports, PROT_READ);
  POSIX_ASYNC_CONSTANT(exports, PROT_WRITE);
}

}  // namespace posix_async

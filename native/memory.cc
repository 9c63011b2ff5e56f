// Memory shared with forked children, as an ArrayBuffer: sys/mman.h. See: man 2 mmap.
// JavaScript thread of the environment that makes it; the memory goes back when the last view's buffer is collected or
// detached, from the finalizer alone, so that nothing that still uses it (a job of the thread pool) is left without.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

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
napi_value Mmap(Napi::Env env, int64_t length, int protection, int flags, int fd) {
  void* address = mmap(nullptr, length, protection, flags, fd, 0);
  if (address == MAP_FAILED) return NumberOf(env, -errno);
  auto* mapping = new Mapping{address, static_cast<size_t>(length)};
  int error = 0;
  napi_value buffer = MemoryOf<Mapping, Unmap>(env, address, mapping->length, mapping, &error);
  return error ? NumberOf(env, error) : buffer;
}

// A file in memory that can be made neither shorter nor longer: a process that is given its descriptor can write to it,
// and cannot take it away from those that have mapped it. The descriptor, or -errno. See: man 2 memfd_create.
int SealedMemfd(int64_t size) {
  const int fd = memfd_create("posix-async", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  if (ftruncate(fd, size) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

int MemfdCreate(Path name, unsigned flags) {
  return Result([&] { return memfd_create(name.c_str(), flags); });
}

// Puts zeros that are this process's own in the place of memory from mmap, at once and not when it is collected: other
// processes are neither seen nor written to any more. 0, or -errno.
int Unshare(Bytes memory) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  void* const address = mmap(memory.data, memory.size, PROT_READ | PROT_WRITE, flags, -1, 0);
  return address == MAP_FAILED ? -errno : 0;
}

bool Detach(Napi::ArrayBuffer buffer) { return napi_detach_arraybuffer(buffer.Env(), buffer) == napi_ok; }

}  // namespace

void RegisterMemory(Exports& exports) {
  exports.Function<&Mmap>("mmap");
  exports.Function<&Detach>("detach");
  exports.Function<&SealedMemfd>("sealedMemfd");
  exports.Function<&MemfdCreate>("memfd_create");
  exports.Function<&Unshare>("unshare");

  POSIX_ASYNC_CONSTANT(exports, MAP_ANONYMOUS);
  POSIX_ASYNC_CONSTANT(exports, MAP_HUGETLB);
  POSIX_ASYNC_CONSTANT(exports, MAP_LOCKED);
  POSIX_ASYNC_CONSTANT(exports, MAP_NORESERVE);
  POSIX_ASYNC_CONSTANT(exports, MAP_POPULATE);
  POSIX_ASYNC_CONSTANT(exports, MAP_SHARED);
  POSIX_ASYNC_CONSTANT(exports, MFD_ALLOW_SEALING);
  POSIX_ASYNC_CONSTANT(exports, MFD_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, MFD_HUGETLB);
  POSIX_ASYNC_CONSTANT(exports, PROT_READ);
  POSIX_ASYNC_CONSTANT(exports, PROT_WRITE);
}

}  // namespace posix_async

// Scattered reads and gathered writes: sys/uio.h. See: man 2 readv, writev, preadv2, pwritev2.
#include "vector_io.h"

#include <sys/uio.h>

#include "binding.h"

namespace posix_async {

std::vector<iovec> ToVector(const Rest& buffers) {
  std::vector<iovec> vector;
  vector.reserve(buffers.pieces.size());
  for (const Bytes& bytes : buffers.pieces) vector.push_back({bytes.data, bytes.size});
  return vector;
}

namespace {

int64_t Readv(int fd, Rest buffers) {
  const std::vector<iovec> vector = ToVector(buffers);
  return Retry([&] { return readv(fd, vector.data(), static_cast<int>(vector.size())); });
}

int64_t Writev(int fd, Rest buffers) {
  const std::vector<iovec> vector = ToVector(buffers);
  return Retry([&] { return writev(fd, vector.data(), static_cast<int>(vector.size())); });
}

// A position of -1 is the descriptor's own offset.
int64_t Preadv2(int fd, int64_t position, int flags, Rest buffers) {
  const std::vector<iovec> vector = ToVector(buffers);
  return Retry([&] { return preadv2(fd, vector.data(), static_cast<int>(vector.size()), position, flags); });
}

int64_t Pwritev2(int fd, int64_t position, int flags, Rest buffers) {
  const std::vector<iovec> vector = ToVector(buffers);
  return Retry([&] { return pwritev2(fd, vector.data(), static_cast<int>(vector.size()), position, flags); });
}

}  // namespace

void RegisterVectorIo(Exports& exports) {
  exports.Function<&Readv>("readv");
  exports.Function<&Writev>("writev");
  exports.Function<&Preadv2>("preadv2");
  exports.Function<&Pwritev2>("pwritev2");

  POSIX_ASYNC_CONSTANT(exports, RWF_APPEND);
  POSIX_ASYNC_CONSTANT(exports, RWF_DSYNC);
  POSIX_ASYNC_CONSTANT(exports, RWF_HIPRI);
  POSIX_ASYNC_CONSTANT(exports, RWF_NOWAIT);
  POSIX_ASYNC_CONSTANT(exports, RWF_SYNC);
}

}  // namespace posix_async

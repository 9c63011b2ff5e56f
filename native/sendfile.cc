// From descriptor to descriptor inside the kernel: sys/sendfile.h, splice, tee and copy_file_range. See: man 2
// sendfile, splice, tee, copy_file_range.
// An offset of -1 stands for C's null: the descriptor's own.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "binding.h"

namespace posix_async {
namespace {

int64_t Sendfile(int out, int in, int64_t offset, int64_t count) {
  off64_t at = offset;
  return Retry([&] { return sendfile64(out, in, offset < 0 ? nullptr : &at, count); });
}

int64_t Splice(int in, int64_t in_offset, int out, int64_t out_offset, int64_t length, unsigned flags) {
  loff_t from = in_offset;
  loff_t to = out_offset;
  return Retry(
      [&] { return splice(in, in_offset < 0 ? nullptr : &from, out, out_offset < 0 ? nullptr : &to, length, flags); });
}

int64_t Tee(int in, int out, int64_t length, unsigned flags) {
  return Retry([&] { return tee(in, out, length, flags); });
}

int64_t CopyFileRange(int in, int64_t in_offset, int out, int64_t out_offset, int64_t length, unsigned flags) {
  loff_t from = in_offset;
  loff_t to = out_offset;
  return Retry([&] {
    return copy_file_range(in, in_offset < 0 ? nullptr : &from, out, out_offset < 0 ? nullptr : &to, length, flags);
  });
}

}  // namespace

void RegisterSendfile(Exports& exports) {
  exports.Function<&Sendfile>("sendfile");
  exports.Function<&Splice>("splice");
  exports.Function<&Tee>("tee");
  exports.Function<&CopyFileRange>("copy_file_range");

  POSIX_ASYNC_CONSTANT(exports, SPLICE_F_MORE);
  POSIX_ASYNC_CONSTANT(exports, SPLICE_F_MOVE);
  POSIX_ASYNC_CONSTANT(exports, SPLICE_F_NONBLOCK);
}

}  // namespace posix_async

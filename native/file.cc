// Files: their ranges, their locks, what is known of them, and those that are no plain files: fcntl.h, sys/file.h,
// sys/stat.h. See: man 2 openat, fallocate, posix_fadvise, flock, fdatasync, fstat, mknod, close_range; man 3 lockf,
// mkfifoat.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "binding.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace posix_async {
namespace {

int Openat(int folder, Path path, int flags, unsigned mode) {
  return Retry([&] { return openat(folder, path.c_str(), flags, mode); });
}

int Mkfifoat(int folder, Path path, unsigned mode) {
  return Result([&] { return mkfifoat(folder, path.c_str(), mode); });
}

int Mknodat(int folder, Path path, unsigned mode, unsigned major, unsigned minor) {
  return Result([&] { return mknodat(folder, path.c_str(), mode, makedev(major, minor)); });
}

// By number: glibc wraps it since 2.34.
int CloseRange(unsigned first, unsigned last, unsigned flags) {
  return Result([&] { return static_cast<int>(syscall(SYS_close_range, first, last, flags)); });
}

int Fdatasync(int fd) {
  return Retry([&] { return fdatasync(fd); });
}

int Fallocate(int fd, int mode, int64_t offset, int64_t length) {
  return Retry([&] { return fallocate(fd, mode, offset, length); });
}

int PosixFadvise(int fd, int64_t offset, int64_t length, int advice) {
  return -posix_fadvise(fd, offset, length, advice);
}

int Flock(int fd, int operation) {
  return Retry([&] { return flock(fd, operation); });
}

int Lockf(int fd, int command, int64_t length) {
  return Retry([&] { return lockf(fd, command, length); });
}

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * int64_t{1000000000} + time.tv_nsec; }

// `field` is a BigInt64Array(13), in the order of fstat in sys-stat.ts.
int Fstat(int fd, Room<int64_t, 13> field) {
  struct stat status {};
  const int result = Result([&] { return fstat(fd, &status); });
  if (result < 0) return result;
  const int64_t fields[] = {static_cast<int64_t>(status.st_dev),
                            static_cast<int64_t>(status.st_ino),
                            static_cast<int64_t>(status.st_mode),
                            static_cast<int64_t>(status.st_nlink),
                            static_cast<int64_t>(status.st_uid),
                            static_cast<int64_t>(status.st_gid),
                            static_cast<int64_t>(status.st_rdev),
                            static_cast<int64_t>(status.st_size),
                            static_cast<int64_t>(status.st_blksize),
                            static_cast<int64_t>(status.st_blocks),
                            Nanoseconds(status.st_atim),
                            Nanoseconds(status.st_mtim),
                            Nanoseconds(status.st_ctim)};
  std::copy(std::begin(fields), std::end(fields), field.data);
  return 0;
}

}  // namespace

void RegisterFile(Exports& exports) {
  exports.Function<&Openat>("openat");
  exports.Function<&Mkfifoat>("mkfifoat");
  exports.Function<&Mknodat>("mknodat");
  exports.Function<&CloseRange>("close_range");
  exports.Function<&Fdatasync>("fdatasync");
  exports.Function<&Fallocate>("fallocate");
  exports.Function<&PosixFadvise>("posix_fadvise");
  exports.Function<&Flock>("flock");
  exports.Function<&Lockf>("lockf");
  exports.Function<&Fstat>("fstat");

  POSIX_ASYNC_CONSTANT(exports, CLOSE_RANGE_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, FALLOC_FL_COLLAPSE_RANGE);
  POSIX_ASYNC_CONSTANT(exports, FALLOC_FL_INSERT_RANGE);
  POSIX_ASYNC_CONSTANT(exports, FALLOC_FL_KEEP_SIZE);
  POSIX_ASYNC_CONSTANT(exports, FALLOC_FL_PUNCH_HOLE);
  POSIX_ASYNC_CONSTANT(exports, FALLOC_FL_UNSHARE_RANGE);
  POSIX_ASYNC_CONSTANT(exports, FALLOC_FL_ZERO_RANGE);
  POSIX_ASYNC_CONSTANT(exports, F_LOCK);
  POSIX_ASYNC_CONSTANT(exports, F_TEST);
  POSIX_ASYNC_CONSTANT(exports, F_TLOCK);
  POSIX_ASYNC_CONSTANT(exports, F_ULOCK);
  POSIX_ASYNC_CONSTANT(exports, LOCK_EX);
  POSIX_ASYNC_CONSTANT(exports, LOCK_NB);
  POSIX_ASYNC_CONSTANT(exports, LOCK_SH);
  POSIX_ASYNC_CONSTANT(exports, LOCK_UN);
  POSIX_ASYNC_CONSTANT(exports, POSIX_FADV_DONTNEED);
  POSIX_ASYNC_CONSTANT(exports, POSIX_FADV_NOREUSE);
  POSIX_ASYNC_CONSTANT(exports, POSIX_FADV_NORMAL);
  POSIX_ASYNC_CONSTANT(exports, POSIX_FADV_RANDOM);
  POSIX_ASYNC_CONSTANT(exports, POSIX_FADV_SEQUENTIAL);
  POSIX_ASYNC_CONSTANT(exports, POSIX_FADV_WILLNEED);
  POSIX_ASYNC_CONSTANT(exports, S_IFLNK);
  POSIX_ASYNC_CONSTANT(exports, S_IFMT);
}

}  // namespace posix_async

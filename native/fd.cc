// Descriptors: unistd.h and fcntl.h. See: man 2 open, read, write, close, dup3, pipe2, lseek, fcntl, fsync.
#include <fcntl.h>
#include <unistd.h>

#include "binding.h"

namespace posix_async {
namespace {

int Open(std::string path, int flags, int mode) {
  return Retry([&] { return open(path.c_str(), flags, mode); });
}

int64_t Read(int fd, Bytes buffer, int64_t offset, int64_t length) {
  return Retry([&] { return read(fd, buffer.data + offset, length); });
}

int64_t Write(int fd, Bytes buffer, int64_t offset, int64_t length) {
  return Retry([&] { return write(fd, buffer.data + offset, length); });
}

int64_t Pread(int fd, Bytes buffer, int64_t offset, int64_t length, int64_t position) {
  return Retry([&] { return pread(fd, buffer.data + offset, length, position); });
}

int64_t Pwrite(int fd, Bytes buffer, int64_t offset, int64_t length, int64_t position) {
  return Retry([&] { return pwrite(fd, buffer.data + offset, length, position); });
}

int64_t Lseek(int fd, int64_t offset, int whence) {
  return Result([&] { return lseek(fd, offset, whence); });
}

int Dup3(int from, int to, int flags) {
  return Retry([&] { return dup3(from, to, flags); });
}

// `pair` is an Int32Array(2) that takes the two descriptors.
int Pipe2(Bytes pair, int flags) {
  return Result([&] { return pipe2(reinterpret_cast<int*>(pair.data), flags); });
}

int Fcntl(int fd, int command, int argument) {
  return Retry([&] { return fcntl(fd, command, argument); });
}

int Fsync(int fd) {
  return Retry([&] { return fsync(fd); });
}

}  // namespace

void RegisterFd(Exports& exports) {
  exports.Function<&Open>("open");
  exports.Function<&Read>("read");
  exports.Function<&Write>("write");
  exports.Function<&Pread>("pread");
  exports.Function<&Pwrite>("pwrite");
  exports.Function<&Lseek>("lseek");
  exports.Syscall<&::close>("close");
  exports.Function<&Dup3>("dup3");
  exports.Function<&Pipe2>("pipe2");
  exports.Function<&Fcntl>("fcntl");
  exports.Function<&Fsync>("fsync");

  POSIX_ASYNC_CONSTANT(exports, O_RDONLY);
  POSIX_ASYNC_CONSTANT(exports, O_WRONLY);
  POSIX_ASYNC_CONSTANT(exports, O_RDWR);
  POSIX_ASYNC_CONSTANT(exports, O_CREAT);
  POSIX_ASYNC_CONSTANT(exports, O_EXCL);
  POSIX_ASYNC_CONSTANT(exports, O_TRUNC);
  POSIX_ASYNC_CONSTANT(exports, O_APPEND);
  POSIX_ASYNC_CONSTANT(exports, O_NONBLOCK);
  POSIX_ASYNC_CONSTANT(exports, O_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, O_DIRECT);
  POSIX_ASYNC_CONSTANT(exports, O_DIRECTORY);
  POSIX_ASYNC_CONSTANT(exports, O_NOFOLLOW);
  POSIX_ASYNC_CONSTANT(exports, O_NOCTTY);
  POSIX_ASYNC_CONSTANT(exports, O_SYNC);
  POSIX_ASYNC_CONSTANT(exports, O_DSYNC);
  POSIX_ASYNC_CONSTANT(exports, O_PATH);
  POSIX_ASYNC_CONSTANT(exports, O_TMPFILE);
  POSIX_ASYNC_CONSTANT(exports, F_DUPFD);
  POSIX_ASYNC_CONSTANT(exports, F_DUPFD_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, F_GETFD);
  POSIX_ASYNC_CONSTANT(exports, F_SETFD);
  POSIX_ASYNC_CONSTANT(exports, F_GETFL);
  POSIX_ASYNC_CONSTANT(exports, F_SETFL);
  POSIX_ASYNC_CONSTANT(exports, F_GETPIPE_SZ);
  POSIX_ASYNC_CONSTANT(exports, F_SETPIPE_SZ);
  POSIX_ASYNC_CONSTANT(exports, FD_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, SEEK_SET);
  POSIX_ASYNC_CONSTANT(exports, SEEK_CUR);
  POSIX_ASYNC_CONSTANT(exports, SEEK_END);
}

}  // namespace posix_async

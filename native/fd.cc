// Descriptors and files: unistd.h, fcntl.h, sys/stat.h. See: man 2 open, read, write, close, dup3, pipe2, lseek, fcntl,
// fcntl_locking, fsync, ftruncate, unlink, umask; man 3 isatty, mkfifo.
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding.h"
#include "loop/env_data.h"

namespace posix_async {
namespace {

int Open(Path path, int flags, int mode) {
  return Retry([&] { return open(path.c_str(), flags, mode); });
}

int64_t Read(int fd, Part buffer) {
  return Retry([&] { return read(fd, buffer.data, buffer.size); });
}

int64_t Write(int fd, Part buffer) {
  return Retry([&] { return write(fd, buffer.data, buffer.size); });
}

int64_t Pread(int fd, Part buffer, int64_t position) {
  return Retry([&] { return pread(fd, buffer.data, buffer.size, position); });
}

int64_t Pwrite(int fd, Part buffer, int64_t position) {
  return Retry([&] { return pwrite(fd, buffer.data, buffer.size, position); });
}

int64_t Lseek(int fd, int64_t offset, int whence) {
  return Result([&] { return lseek(fd, offset, whence); });
}

int Dup3(int from, int to, int flags) {
  return Retry([&] { return dup3(from, to, flags); });
}

// `pair` is an Int32Array(2) that takes the two descriptors.
int Pipe2(Room<int, 2> pair, int flags) {
  return Result([&] { return pipe2(pair.data, flags); });
}

int Fcntl(int fd, int command, int argument) {
  return Retry([&] { return fcntl(fd, command, argument); });
}

// `fields` is a BigInt64Array(5): type, whence, start, length, pid; the F_GETLK commands fill it.
int FcntlLock(int fd, int command, Room<int64_t, 5> field) {
  struct flock lock = {};
  lock.l_type = static_cast<int16_t>(field[0]);
  lock.l_whence = static_cast<int16_t>(field[1]);
  lock.l_start = field[2];
  lock.l_len = field[3];
  const int result = Retry([&] { return fcntl(fd, command, &lock); });
  field[0] = lock.l_type;
  field[1] = lock.l_whence;
  field[2] = lock.l_start;
  field[3] = lock.l_len;
  field[4] = lock.l_pid;
  return result;
}

int Ftruncate(int fd, int64_t length) {
  return Retry([&] { return ftruncate(fd, length); });
}

int Unlink(Path path) {
  return Result([&] { return unlink(path.c_str()); });
}

int Mkfifo(Path path, unsigned mode) {
  return Result([&] { return mkfifo(path.c_str(), mode); });
}

// The kind of file: S_IFMT's bits of its mode.
int FileType(int fd) {
  struct stat status;
  const int result = Result([&] { return fstat(fd, &status); });
  return result < 0 ? result : static_cast<int>(status.st_mode & S_IFMT);
}

int Fchmod(int fd, unsigned mode) {
  return Retry([&] { return fchmod(fd, mode); });
}

void Own(Napi::Env env, int fd) { EnvSlots::Of(env).Own(fd); }

void Disown(Napi::Env env, int fd) { EnvSlots::Of(env).Disown(fd); }

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
  exports.Function<&FcntlLock>("fcntl_lock");
  exports.Function<&Fchmod>("fchmod");
  exports.Function<&Fsync>("fsync");
  exports.Function<&Ftruncate>("ftruncate");
  exports.Function<&Unlink>("unlink");
  exports.Function<&Mkfifo>("mkfifo");
  exports.Function<&FileType>("file_type");
  exports.Function<&::umask>("umask");
  exports.Function<&::isatty>("isatty");
  exports.Function<&Own>("ownFd");
  exports.Function<&Disown>("disownFd");

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
  POSIX_ASYNC_CONSTANT(exports, F_GETLK);
  POSIX_ASYNC_CONSTANT(exports, F_SETLK);
  POSIX_ASYNC_CONSTANT(exports, F_SETLKW);
  POSIX_ASYNC_CONSTANT(exports, F_OFD_GETLK);
  POSIX_ASYNC_CONSTANT(exports, F_OFD_SETLK);
  POSIX_ASYNC_CONSTANT(exports, F_OFD_SETLKW);
  POSIX_ASYNC_CONSTANT(exports, F_RDLCK);
  POSIX_ASYNC_CONSTANT(exports, F_WRLCK);
  POSIX_ASYNC_CONSTANT(exports, F_UNLCK);
  POSIX_ASYNC_CONSTANT(exports, FD_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, F_ADD_SEALS);
  POSIX_ASYNC_CONSTANT(exports, F_GET_SEALS);
  POSIX_ASYNC_CONSTANT(exports, F_SEAL_GROW);
  POSIX_ASYNC_CONSTANT(exports, F_SEAL_SEAL);
  POSIX_ASYNC_CONSTANT(exports, F_SEAL_SHRINK);
  POSIX_ASYNC_CONSTANT(exports, F_SEAL_WRITE);
  POSIX_ASYNC_CONSTANT(exports, SEEK_SET);
  POSIX_ASYNC_CONSTANT(exports, SEEK_CUR);
  POSIX_ASYNC_CONSTANT(exports, SEEK_END);
  POSIX_ASYNC_CONSTANT(exports, S_IFBLK);
  POSIX_ASYNC_CONSTANT(exports, S_IFCHR);
  POSIX_ASYNC_CONSTANT(exports, S_IFDIR);
  POSIX_ASYNC_CONSTANT(exports, S_IFIFO);
  POSIX_ASYNC_CONSTANT(exports, S_IFREG);
  POSIX_ASYNC_CONSTANT(exports, S_IFSOCK);
  POSIX_ASYNC_CONSTANT(exports, PIPE_BUF);
}

}  // namespace posix_async

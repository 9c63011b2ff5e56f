// What happens to files and folders, as a descriptor: sys/inotify.h. See: man 7 inotify; man 2 inotify_init1,
// inotify_add_watch.
#include <sys/inotify.h>

#include "binding.h"

namespace posix_async {
namespace {

int InotifyAddWatch(int fd, Path path, unsigned mask) {
  return Result([&] { return inotify_add_watch(fd, path.c_str(), mask); });
}

}  // namespace

void RegisterInotify(Exports& exports) {
  exports.Syscall<&::inotify_init1>("inotify_init1");
  exports.Function<&InotifyAddWatch>("inotify_add_watch");
  exports.Syscall<&::inotify_rm_watch>("inotify_rm_watch");

  POSIX_ASYNC_CONSTANT(exports, IN_ACCESS);
  POSIX_ASYNC_CONSTANT(exports, IN_ALL_EVENTS);
  POSIX_ASYNC_CONSTANT(exports, IN_ATTRIB);
  POSIX_ASYNC_CONSTANT(exports, IN_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, IN_CLOSE_NOWRITE);
  POSIX_ASYNC_CONSTANT(exports, IN_CLOSE_WRITE);
  POSIX_ASYNC_CONSTANT(exports, IN_CREATE);
  POSIX_ASYNC_CONSTANT(exports, IN_DELETE);
  POSIX_ASYNC_CONSTANT(exports, IN_DELETE_SELF);
  POSIX_ASYNC_CONSTANT(exports, IN_DONT_FOLLOW);
  POSIX_ASYNC_CONSTANT(exports, IN_EXCL_UNLINK);
  POSIX_ASYNC_CONSTANT(exports, IN_IGNORED);
  POSIX_ASYNC_CONSTANT(exports, IN_ISDIR);
  POSIX_ASYNC_CONSTANT(exports, IN_MASK_ADD);
  POSIX_ASYNC_CONSTANT(exports, IN_MASK_CREATE);
  POSIX_ASYNC_CONSTANT(exports, IN_MODIFY);
  POSIX_ASYNC_CONSTANT(exports, IN_MOVED_FROM);
  POSIX_ASYNC_CONSTANT(exports, IN_MOVED_TO);
  POSIX_ASYNC_CONSTANT(exports, IN_MOVE_SELF);
  POSIX_ASYNC_CONSTANT(exports, IN_NONBLOCK);
  POSIX_ASYNC_CONSTANT(exports, IN_ONESHOT);
  POSIX_ASYNC_CONSTANT(exports, IN_ONLYDIR);
  POSIX_ASYNC_CONSTANT(exports, IN_OPEN);
  POSIX_ASYNC_CONSTANT(exports, IN_Q_OVERFLOW);
  POSIX_ASYNC_CONSTANT(exports, IN_UNMOUNT);
}

}  // namespace posix_async

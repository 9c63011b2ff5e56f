// sys/ioctl.h: requests that take a number, and requests that read or fill memory. TypeScript has the list of those
// that are let through. See: man 2 ioctl
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "binding.h"

namespace posix_async {
namespace {

// A request says by its number what its argument is, the old ones of terminals do not: so what is not known is refused,
// whatever called this. A number would be taken for an address by a request that takes memory.
bool TakesNumber(unsigned request) { return request == TIOCSCTTY || request == TIOCNOTTY || request == FICLONE; }

bool TakesMemory(unsigned request) {
  return request == FIONREAD || request == TIOCOUTQ || request == TIOCGWINSZ || request == TIOCSWINSZ;
}

int Ioctl(int fd, unsigned request, int argument) {
  if (!TakesNumber(request)) return -EINVAL;
  return Retry([&] { return ioctl(fd, request, argument); });
}

// A window's size is the largest of what these requests read or fill.
int IoctlMemory(int fd, unsigned request, Room<winsize> memory) {
  if (!TakesMemory(request)) return -EINVAL;
  return Retry([&] { return ioctl(fd, request, memory.data); });
}

}  // namespace

void RegisterIoctl(Exports& exports) {
  exports.Function<&Ioctl>("ioctl");
  exports.Function<&IoctlMemory>("ioctl_memory");

  POSIX_ASYNC_CONSTANT(exports, FICLONE);
  POSIX_ASYNC_CONSTANT(exports, FIONREAD);
  POSIX_ASYNC_CONSTANT(exports, TIOCGWINSZ);
  POSIX_ASYNC_CONSTANT(exports, TIOCNOTTY);
  POSIX_ASYNC_CONSTANT(exports, TIOCOUTQ);
  POSIX_ASYNC_CONSTANT(exports, TIOCSCTTY);
  POSIX_ASYNC_CONSTANT(exports, TIOCSWINSZ);
}

}  // namespace posix_async

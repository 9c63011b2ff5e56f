// sys/select.h. See: man 2 select, pselect.
#include <fcntl.h>
#include <sys/select.h>

#include "binding.h"
#include "core/base/deadline.h"
#include "core/base/wait_mask.h"

namespace posix_async {
namespace {

// `sets` is three fd_sets in a row: to read, to write, exceptional. The kernel's answer takes their place.
// A call that was interrupted has not touched them.
int Pselect(int nfds, Room<fd_set, 3> sets, double timeout, Bytes set) {
  if (nfds > FD_SETSIZE) return -EINVAL;
  // The kernel leaves out numbers beyond its table of this process's descriptors, which is of 64 at least, and would
  // wait for the rest: the highest one is then closed, and that is an error.
  if (nfds > 64 && fcntl(nfds - 1, F_GETFD) < 0) return -errno;
  Deadline deadline(timeout);
  const WaitMask mask(set.data, set.size);
  return Retry([&] { return pselect(nfds, &sets[0], &sets[1], &sets[2], deadline.Left(), mask.get()); });
}

}  // namespace

void RegisterSelect(Exports& exports) {
  exports.Function<&Pselect>("pselect");
  POSIX_ASYNC_CONSTANT(exports, FD_SETSIZE);
}

}  // namespace posix_async

// The event loop of a child, made its own: its epoll instance, wake-ups, signal pipe and inotify instance are new, and
// the parent's handles are silent, or watched anew.
#ifndef POSIX_ASYNC_CORE_FORK_CHILD_LOOP_H_
#define POSIX_ASYNC_CORE_FORK_CHILD_LOOP_H_

#include <uv.h>

#include <vector>

#include "../base/unique_fd.h"

namespace posix_async::fork {

// What the child needs besides what it closes first. Opened in the parent, before the fork: where descriptors are
// wanting, nothing is forked.
class LoopSpares {
 public:
  // 0, or a negative errno: EMFILE, ENFILE, ENOMEM.
  int Open(const uv_loop_t& loop, bool keep_handles);

  // What a child that is to hold few descriptors must keep for now.
  void AddTo(std::vector<int>* kept) const;

  int idle() const { return idle_.get(); }
  int inotify() const { return inotify_.get(); }
  // The child has taken what it needs. The other end of the idle socket stays open for as long as the child lives:
  // nothing ever comes from it.
  void Settle();

 private:
  UniqueFd idle_, other_end_, inotify_;
};

// In the child, while its signals are blocked and before any other thread lives there, which might take a descriptor
// that is free for a moment, or wake up the parent's loop; hence without malloc. 0 or a negative errno: then nothing
// else may run in this child.
int RenewLoop(uv_loop_t* loop, const LoopSpares& spares, bool keep_handles);

// After that, when malloc works: the watches of files. 0 or a negative errno, as before.
int RenewFileWatches(uv_loop_t* loop, bool keep_handles);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_CHILD_LOOP_H_

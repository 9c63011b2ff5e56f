// Threads that a fork leaves alone: blocked in a call that could not be gone on with for the time that is left.
#ifndef POSIX_ASYNC_CORE_FORK_UNDISTURBED_H_
#define POSIX_ASYNC_CORE_FORK_UNDISTURBED_H_

#include <sys/types.h>

#include "thread_table.h"

namespace posix_async::fork {

// Whether the thread, as its `look` tells it, need not be asked to park. Sets what is needed of it in the child, where
// it does not live.
bool MayBeLeftAlone(Thread* thread);

// After the copy was made: none of those that were left alone has run since it was looked at. Those that have will be
// asked the next time.
bool NoneHasRun(const ThreadTable& table);

// The fork is made.
void NoteForked(const ThreadTable& table);

// A child that waits until its parent knows that the copy is a good one. See: man 2 futex.
class Gate {
 public:
  explicit Gate(const ThreadTable& table);
  ~Gate();
  Gate(const Gate&) = delete;
  // 0, or a negative errno.
  int error() const { return error_; }
  // In the child: returns when it is let through; where its parent is gone before, the child ends.
  void Pass() const;
  void Let() const;

 private:
  const pid_t parent_;
  int error_ = 0;
  std::atomic<uint32_t>* word_ = nullptr;  // null: nobody was left alone, and nothing is to be waited for
};

// Ends a child that has run nothing yet. Nobody is to hear of its end: where this thread takes SIGCHLD, as it does
// outside a fork (`takes_children`), it takes this one, which would interrupt a call of another thread.
void Discard(pid_t child, int pidfd, bool takes_children);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_UNDISTURBED_H_

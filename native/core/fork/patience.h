// Patience: for how long a fork waits for another thread, in time in which that thread could run.
#ifndef POSIX_ASYNC_CORE_FORK_PATIENCE_H_
#define POSIX_ASYNC_CORE_FORK_PATIENCE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace posix_async::fork {

class Patience {
 public:
  Patience();

  // What has passed since the last look was spent waiting for thread `tid`; 0: for none in particular.
  void Look(pid_t tid);

  // A second has been counted, or a minute has passed by the clock.
  bool IsOver() const;
  // Not much has been counted yet.
  bool IsFresh() const;
  // Nanoseconds by the clock.
  int64_t Passed() const;

  // Waits until the thread has run for a moment, or does not want to: one that is asked again before is found where it
  // was. 0: just for a moment.
  void LetRun(pid_t tid);

  // Why thread `tid` was given up, for an error message: "thread NAME (TID) could not be stopped: ..."
  void Explain(pid_t tid, const char* otherwise, char* text, size_t size) const;

 private:
  int64_t began_, last_, counted_ = 0;
  pid_t tid_ = 0;
  int64_t used_ = 0;  // processor time of that thread at the last look
};

// Nanoseconds of a processor's time that a thread of this process has used; -1: it is gone.
int64_t ProcessorTime(pid_t tid);

// Lets other threads run for a moment.
void Rest();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PATIENCE_H_

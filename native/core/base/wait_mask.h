// The signals that a thread blocks for the time of one wait, as ppoll(2), pselect(2) and epoll_pwait(2) take them.
#ifndef POSIX_ASYNC_CORE_BASE_WAIT_MASK_H_
#define POSIX_ASYNC_CORE_BASE_WAIT_MASK_H_

#include <cstring>

#include "signal_mask.h"

namespace posix_async {

class WaitMask {
 public:
  // `set` is the eight bytes of a kernel's set; with none, the thread's own mask stays in force.
  WaitMask(const void* set, size_t size) : given_(size >= sizeof(uint64_t)) {
    uint64_t mask = 0;
    if (given_) std::memcpy(&mask, set, sizeof mask);
    set_ = ToSigset(mask);
  }

  const sigset_t* get() const { return given_ ? &set_ : nullptr; }

 private:
  const bool given_;
  sigset_t set_;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_BASE_WAIT_MASK_H_

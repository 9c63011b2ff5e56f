// See thread_start.h and man 3 pthread_create, pthread_attr_setstacksize, pthread_sigmask.
#include "thread_start.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>

namespace posix_async {
namespace {

constexpr size_t kSmallestStack = 128 * 1024;
constexpr size_t kGuardPage = 4096;

// Ordinary signals go to the threads of the runtime. Those of the machine's own faults stay, and the real-time ones, by
// which glibc and the fork of this library reach every thread.
const sigset_t& LeftToOthers() {
  static const sigset_t signals = [] {
    sigset_t set;
    sigfillset(&set);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&set, fault);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigdelset(&set, signal);
    return set;
  }();
  return signals;
}

#if __GLIBC_PREREQ(2, 32)
// The mask is the new thread's alone: that spares two system calls.
int CreateBlocking(pthread_t* thread, pthread_attr_t* attributes, void* (*routine)(void*), void* argument) {
  pthread_attr_setsigmask_np(attributes, &LeftToOthers());
  return pthread_create(thread, attributes, routine, argument);
}
#else
int CreateBlocking(pthread_t* thread, pthread_attr_t* attributes, void* (*routine)(void*), void* argument) {
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &LeftToOthers(), &before);
  const int error = pthread_create(thread, attributes, routine, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}
#endif

}  // namespace

int StartThread(void* (*routine)(void*), void* argument, size_t stack_size, Signals signals) {
  static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t wanted = std::max(stack_size == 0 ? kDefaultStackSize : stack_size, kSmallestStack);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (wanted + page - 1) / page * page);
  pthread_t thread;
  const int error = signals == Signals::kBlock ? CreateBlocking(&thread, &attributes, routine, argument)
                                               : pthread_create(&thread, &attributes, routine, argument);
  pthread_attr_destroy(&attributes);
  if (error == 0) pthread_detach(thread);
  return -error;
}

void SetIdleTimeout(int fd, int milliseconds) {
  if (milliseconds <= 0) return;
  const timeval time{milliseconds / 1000, (milliseconds % 1000) * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

ProcessGuard::ProcessGuard() {
  void* page = mmap(nullptr, kGuardPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  mark_ = static_cast<uint32_t*>(page);
  *mark_ = 1;
  madvise(page, kGuardPage, MADV_WIPEONFORK);
}

ProcessGuard::~ProcessGuard() {
  if (mark_ != nullptr) munmap(const_cast<uint32_t*>(mark_), kGuardPage);
}

}  // namespace posix_async

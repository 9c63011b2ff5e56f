// The other threads of this process: who they are, and where each stood when it was parked.
#ifndef POSIX_ASYNC_CORE_FORK_THREAD_TABLE_H_
#define POSIX_ASYNC_CORE_FORK_THREAD_TABLE_H_

#include <sys/types.h>
#include <ucontext.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace posix_async::fork {

// What becomes of a thread in the child.
enum class Fate {
  kRevive,  // it runs user code, or waits on a futex: V8's and libuv's workers
  kDead,    // it was in a system call with an effect outside (or in another that waits): running it again would do that
            // twice
};

// One other thread. A record lives as long as the process: its thread may still be inside the signal handler with a
// pointer to it, long after the fork it was parked for.
struct Thread {
  pid_t tid = 0;
  bool seen = false;          // in the listing of this fork
  bool parkable = true;       // false: it blocks the park signal for good (Node's SignalInspector)
  bool waits_for_io = false;  // sticky: once seen in epoll_wait or its like, it runs an event loop of its own
  std::atomic<bool> parked{false};
  std::atomic<uint32_t> round{
      0};  // the parking it was asked for: a signal that comes late finds another one and is ignored

  // Written by the thread itself in its handler, read by the forking thread while it is parked.
  void* thread_pointer = nullptr;
  int* tid_address = nullptr;  // the tid field of glibc's struct pthread: cleared and woken by the kernel at its exit
  void* robust_list = nullptr;
  size_t robust_size = 0;
  const ucontext_t* frame = nullptr;  // the signal frame on its own stack: all registers
  Fate fate = Fate::kRevive;

  char* trampoline = nullptr;  // a small stack on which its copy in the child starts
};

// All records, by thread; touched by the main thread only.
class ThreadTable {
 public:
  // Brings the table up to date with /proc/self/task. Returns how many threads are new, or -errno. May allocate.
  int Refresh();
  std::vector<Thread*>& threads() { return threads_; }
  // How many threads the process has, the caller included; no allocation. -errno where /proc cannot be read.
  static int Count();
  // In the child: the records of threads that do not live here are dropped (and leaked, with their stacks: a few KiB
  // once).
  void KeepOnly(const std::vector<Thread*>& alive) { threads_ = alive; }

 private:
  Thread* Find(pid_t tid);
  Thread* Add(pid_t tid);

  std::vector<Thread*> threads_;
};

// Is `signal` blocked in thread `tid`? From /proc/self/task/TID/status.
bool BlocksSignal(pid_t tid, int signal);

// The thread's name (comm) for an error message, at most 15 characters.
void ThreadName(pid_t tid, char name[16]);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_THREAD_TABLE_H_

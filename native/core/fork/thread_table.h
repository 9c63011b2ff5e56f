// The other threads of this process: who they are, and where each stood when it was parked.
#ifndef POSIX_ASYNC_CORE_FORK_THREAD_TABLE_H_
#define POSIX_ASYNC_CORE_FORK_THREAD_TABLE_H_

#include <sys/types.h>
#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "call_look.h"
#include "mapped.h"

namespace posix_async::fork {

// What becomes of a thread in the child.
enum class Fate {
  kRevive,  // it runs user code, or waits on a futex: V8's and libuv's workers
  kDead,    // it was in a system call with an effect outside (or in another that waits): running it again would do that
            // twice
};

// What a thread is doing, as far as a fork is concerned. Each change is made by the side that the comment names.
enum State : uint32_t {
  kRunning,      // thread: anything; to be parked by a signal
  kParked,       // thread: in its handler, until the fork is over
  kIdle,         // fork, when it is over: in its handler still, waiting there for what it waited for when it was parked
  kFrozen,       // fork, from kIdle: as parked, and nobody had to be woken for it
  kFrozenAwake,  // thread, from kFrozen: what it waited for has come; it goes on when the fork is over
};

// One other thread. A record lives as long as the process: its thread may still be inside the signal handler with a
// pointer to it, long after the fork it was parked for.
struct Thread {
  pid_t tid = 0;
  bool seen = false;          // in the listing of this fork
  bool parkable = true;       // false: it blocks the park signal for good (Node's SignalInspector)
  int times_blocked = 0;      // how often it was found to block it: a thread that is just being made does, for a moment
  bool is_of_pool = false;    // once seen waiting for work of libuv's pool
  bool waits_for_io = false;  // sticky: once seen in epoll_wait or its like, it runs an event loop of its own
  int sightings = 0;          // how often in a row it was found at a call that may be such a wait
  bool is_recognised = false;  // whether `is_worker` was looked for
  bool is_worker = false;      // a thread of node:worker_threads
  std::atomic<uint32_t> state{kRunning};
  std::atomic<uint32_t> round{
      0};  // the parking it was asked for: a signal that comes late finds another one and is ignored

  CallLook look;  // taken before it was asked to park

  // Of a thread that may be left alone (undisturbed.h).
  bool is_left_alone = false;  // at this fork
  bool has_run = false;        // while it was, at an earlier attempt of this fork
  int times_run = 0;           // so often in a row
  int forks_to_ask = 0;        // at so many more it is asked
  int64_t used = 0;            // how much it had run when it was looked at

  // Written by the thread itself in its handler, read by the forking thread while it is parked.
  bool has_parked = false;  // at any fork
  void* thread_pointer = nullptr;
  int* tid_address = nullptr;  // the tid field of glibc's struct pthread: cleared and woken by the kernel at its exit
  void* robust_list = nullptr;
  size_t robust_size = 0;
  int interrupted_errno = 0;
  ucontext_t* frame = nullptr;     // the signal frame on its own stack: all registers
  bool is_left_behind = false;     // it says so itself (left_behind.h)
  void* isolate = nullptr;         // the one that it has entered, or null
  bool waits_to_be_woken = false;  // on a condition variable or a semaphore
  bool is_wakeable = false;        // on one of the C library's, whose wake-ups are redirected (wake_hooks.cc)
  bool is_at_rest = false;         // it waits on a futex or for events, without a time limit
  bool stands_in = false;          // its handler will wait in its stead after the fork

  // Settled while it stands still (fate.cc).
  Fate fate = Fate::kRevive;
  bool is_in_between = false;  // it will not live in the child, and may hold a lock where it stands

  bool stands_still() const {
    const uint32_t now = state.load();
    return now == kParked || now == kFrozen || now == kFrozenAwake;
  }

  char* trampoline = nullptr;  // a small stack on which its copy in the child starts
};

using ThreadList = std::vector<Thread*, Mapped<Thread*>>;

// Whether it is the address of a record: safe in a signal handler.
bool IsRecord(const Thread* address);

// /proc is that of another pid namespace: the numbers in it mean other threads.
constexpr int kForeignProc = -ESRCH;

// All records, by thread; touched by the main thread only.
class ThreadTable {
 public:
  // Brings the table up to date with /proc/self/task. Returns how many threads are new, kForeignProc or another
  // negative errno. Calls no malloc: threads may be parked, and one of them hold its lock.
  int Refresh();
  ThreadList& threads() { return threads_; }
  const ThreadList& threads() const { return threads_; }
  // Whether the records are all there are: no allocation, one system call. False where /proc cannot be read.
  bool IsComplete() const;
  // In the child: the records of threads that do not live here are dropped (and leaked, with their stacks: a few KiB
  // once).
  void KeepOnly(const std::vector<Thread*>& alive) { threads_.assign(alive.begin(), alive.end()); }

 private:
  Thread* Find(pid_t tid);
  Thread* Add(pid_t tid);

  ThreadList threads_;
};

// glibc's own record of the calling thread's id, which pthread_join waits on: the kernel clears it when the thread
// ends.
int* TidAddress();

// Is `signal` blocked in thread `tid`, and does it sleep with it blocked? From /proc/self/task/TID/status. 0, also
// where the thread is gone, or a negative errno.
enum class Blocking { kNot, kAwake, kAsleep };
int HowItBlocks(pid_t tid, int signal, Blocking* how);

// The thread's name (comm) for an error message, at most 15 characters.
void ThreadName(pid_t tid, char name[16]);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_THREAD_TABLE_H_

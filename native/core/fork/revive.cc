// Reviving: clone(2) with the thread's old thread pointer, then rt_sigreturn(2) into its old signal frame.
//
// The facts it rests on: a thread is, to glibc and V8, its stack, its thread pointer and the tid in struct pthread; all
// are memory, and came with the fork. What did not come lives in the kernel: the task itself (made anew by clone), its
// robust list and its rseq area (registered again), its name. rt_sigreturn loads every register and the signal mask
// from a frame in memory, and does not care which task was interrupted. See: man 2 clone, sigreturn, get_robust_list.
#include "revive.h"

#include <dlfcn.h>
#include <linux/rseq.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "old_number.h"
#include "resumed_call.h"

namespace posix_async::fork {
namespace {

// glibc registers an rseq area for each thread since 2.35; an older one has none to restore.
struct RseqArea {
  ptrdiff_t offset = 0;
  unsigned size = 0;
};

RseqArea FindRseqArea() {
  const auto* offset = static_cast<const ptrdiff_t*>(dlsym(RTLD_DEFAULT, "__rseq_offset"));
  const auto* size = static_cast<const unsigned*>(dlsym(RTLD_DEFAULT, "__rseq_size"));
  if (offset == nullptr || size == nullptr || *size == 0) return {};
  return {*offset, *size < 32 ? 32 : *size};
}

const RseqArea rseq_area = FindRseqArea();

#if defined(__x86_64__)
constexpr unsigned kRseqSignature = 0x53053053;
// The kernel finds the frame at the stack pointer as the handler's return would have left it: at the ucontext.
[[noreturn]] void ReturnInto(const ucontext_t* frame) {
  asm volatile("mov %0, %%rsp\n\tmov %1, %%eax\n\tsyscall" ::"r"(frame), "i"(SYS_rt_sigreturn) : "memory");
  __builtin_unreachable();
}
#elif defined(__aarch64__)
constexpr unsigned kRseqSignature = 0xd428bc00;
// Here the frame begins with the siginfo, 128 bytes before the ucontext.
[[noreturn]] void ReturnInto(const ucontext_t* frame) {
  const auto* start = reinterpret_cast<const char*>(frame) - 128;
  asm volatile("mov sp, %0\n\tmov x8, %1\n\tsvc #0" ::"r"(start), "i"(SYS_rt_sigreturn) : "x8", "memory");
  __builtin_unreachable();
}
#endif

// Runs on the new task, on the trampoline stack, as the old thread: errno is that thread's and stays as it was.
__attribute__((no_sanitize("address", "thread"))) int Start(void* argument) {
  auto* self = static_cast<Thread*>(argument);
  syscall(SYS_set_robust_list, self->robust_list, self->robust_size);
  if (rseq_area.size != 0) {
    auto* area = reinterpret_cast<struct rseq*>(static_cast<char*>(self->thread_pointer) + rseq_area.offset);
    area->cpu_id = RSEQ_CPU_ID_UNINITIALIZED;
    syscall(SYS_rseq, area, rseq_area.size, 0, kRseqSignature);
  }
  errno = self->interrupted_errno;
  ReturnInto(self->frame);
}

constexpr int kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                             CLONE_SETTLS | CLONE_CHILD_CLEARTID;

bool IsRevived(const Thread& thread) { return thread.stands_still() && thread.fate == Fate::kRevive; }

// A wait on a condition variable of a library's own is work: its wake-up is not seen to come (absl's, in Node.js 24).
bool IsAtWork(const Thread& thread) { return IsRevived(thread) && !thread.is_wakeable; }

// The number stands where it is to be before the thread runs, so that nothing is sent to an old one meanwhile.
int ReviveOne(Thread* thread, bool by_old_number) {
  const int flags = kThreadFlags | CLONE_PARENT_SETTID | (by_old_number ? 0 : CLONE_CHILD_SETTID);
  WaitAgain(thread->frame, thread->look);
  int* const number = by_old_number ? &thread->tid : thread->tid_address;
  const int tid = clone(Start, thread->trampoline + kTrampolineSize, flags, thread, number, thread->thread_pointer,
                        thread->tid_address);
  if (tid < 0) return -errno;
  thread->tid = tid;
  return 0;
}

}  // namespace

bool MayReviveLater(const ThreadTable& table) {
  for (const Thread* thread : table.threads())
    if (IsAtWork(*thread)) return false;
  return true;
}

// One that was at work may hold a lock that knows it by its number: see old_number.cc.
void LeaveOldNumbers(const ThreadTable& table) {
  ThreadList at_work;
  for (Thread* thread : table.threads())
    if (IsAtWork(*thread)) at_work.push_back(thread);
  BeginByOldNumber(at_work);
}

int Revive(ThreadTable* table) {
  int error = 0;
  for (Thread* thread : table->threads()) {
    const bool revivable = IsRevived(*thread), by_old_number = BeginsByOldNumber(thread);
    thread->state = kRunning;
    const int result = revivable ? ReviveOne(thread, by_old_number) : -ESRCH;
    if (result == 0) continue;
    if (revivable) error = result;
    if (thread->tid_address != nullptr) *thread->tid_address = 0;
    thread->seen = false;
  }
  return error;
}

}  // namespace posix_async::fork

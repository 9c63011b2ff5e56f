// Parking, by a real-time signal to each thread whose handler waits on a futex.
//
// The facts it rests on: the kernel saves all registers of an interrupted thread in the signal frame on that thread's
// own stack, so a thread that waits inside its handler is a thread whose whole state lies in memory, and memory is what
// fork copies. A system call that the signal interrupts has either been set up to run again (the saved program counter
// points at its instruction) or gives EINTR. See: man 7 signal, man 2 futex.
#include "park.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace posix_async::fork {
namespace {

// Not the last one: some runtimes take SIGRTMAX; glibc keeps 32 and 33 for itself.
const int kParkSignal = SIGRTMAX - 2;
constexpr int64_t kParkLimit = 1'000'000'000;  // nanoseconds

std::atomic<uint32_t> parked_count{0};
std::atomic<uint32_t> release_round{0};

long Futex(std::atomic<uint32_t>* word, int operation, uint32_t value, const timespec* timeout = nullptr) {
  return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}

}  // namespace

int* TidAddress() {
  int* address = nullptr;
  if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) == 0 && address != nullptr) return address;
  // A kernel without checkpoint/restore: look for the number in struct pthread.
  const int tid = static_cast<int>(syscall(SYS_gettid));
  char* descriptor = reinterpret_cast<char*>(pthread_self());
  for (size_t offset = 0x80; offset < 0x900; offset += sizeof(int)) {
    if (*reinterpret_cast<int*>(descriptor + offset) == tid) return reinterpret_cast<int*>(descriptor + offset);
  }
  return nullptr;
}

namespace {

// The interrupted system call as the signal frame tells it.
enum class Interrupted { kNothing, kFutex, kOther };

#if defined(__x86_64__)
bool FollowsSyscall(uintptr_t pc) {
  const auto* code = reinterpret_cast<const unsigned char*>(pc);
  return code[-2] == 0x0f && code[-1] == 0x05;
}

Interrupted InterruptedCall(const ucontext_t& context) {
  const auto pc = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  const auto rax = static_cast<int64_t>(context.uc_mcontext.gregs[REG_RAX]);
  // To be made again: the counter was moved back to the instruction, and rax holds the number once more.
  if (FollowsSyscall(pc + 2) && rax >= 0 && rax < 1024) {
    return rax == SYS_futex || rax == SYS_restart_syscall ? Interrupted::kFutex : Interrupted::kOther;
  }
  // Not to be made again: epoll_wait, poll, select, nanosleep and their like give EINTR.
  return rax == -EINTR && FollowsSyscall(pc) ? Interrupted::kOther : Interrupted::kNothing;
}
#elif defined(__aarch64__)
bool IsSyscall(uintptr_t pc) { return *reinterpret_cast<const uint32_t*>(pc) == 0xd4000001; }

Interrupted InterruptedCall(const ucontext_t& context) {
  const auto pc = static_cast<uintptr_t>(context.uc_mcontext.pc);
  const auto number = static_cast<int64_t>(context.uc_mcontext.regs[8]);
  const auto x0 = static_cast<int64_t>(context.uc_mcontext.regs[0]);
  if (IsSyscall(pc)) {
    return number == SYS_futex || number == SYS_restart_syscall ? Interrupted::kFutex : Interrupted::kOther;
  }
  return x0 == -EINTR && IsSyscall(pc - 4) ? Interrupted::kOther : Interrupted::kNothing;
}
#else
#error "the whole-runtime fork knows x86_64 and aarch64"
#endif

// Runs on the thread that is parked, with every signal blocked. In the child it is not returned to: revive.cc gives the
// kernel this very frame back.
void OnPark(int, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  auto* self = static_cast<Thread*>(info->si_value.sival_ptr);
  const uint32_t round = release_round.load();
  if (self->round.load() != round) return;
  self->frame = static_cast<const ucontext_t*>(context);
  self->thread_pointer = __builtin_thread_pointer();
  if (self->tid_address == nullptr) self->tid_address = TidAddress();
  syscall(SYS_get_robust_list, 0, &self->robust_list, &self->robust_size);
  const Interrupted call = InterruptedCall(*self->frame);
  // Sticky: right after an earlier fork a thread with a loop of its own is still on its way back to epoll_wait.
  self->waits_for_io |= call == Interrupted::kOther;
  self->fate = self->waits_for_io ? Fate::kDead : Fate::kRevive;
  self->parked.store(true);
  parked_count.fetch_add(1);
  Futex(&parked_count, FUTEX_WAKE, 1);
  while (release_round.load() == round) Futex(&release_round, FUTEX_WAIT, round);
  errno = saved_errno;
}

bool InstallHandler() {
  struct sigaction action = {};
  action.sa_sigaction = OnPark;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  return sigaction(kParkSignal, &action, nullptr) == 0;
}

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

bool Exists(pid_t tid) { return syscall(SYS_tgkill, getpid(), tid, 0) == 0; }

// Asks one thread to park. False: it is gone, or never takes the signal.
bool Signal(Thread* thread) {
  thread->round = release_round.load();
  siginfo_t request = {};
  request.si_signo = kParkSignal;
  request.si_code = SI_QUEUE;
  request.si_value.sival_ptr = thread;
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), thread->tid, kParkSignal, &request) == 0;
}

// The threads that were asked and have not come: those that ended meanwhile are no longer waited for.
Thread* FirstMissing(ThreadTable* table, uint32_t* expected) {
  Thread* missing = nullptr;
  *expected = 0;
  for (Thread* thread : table->threads()) {
    if (!thread->parkable) continue;
    if (thread->parked.load()) {
      ++*expected;
    } else if (Exists(thread->tid)) {
      ++*expected;
      missing = thread;
    }
  }
  return missing;
}

// Waits until `expected` threads are parked. Returns the thread that did not come in time, or null.
Thread* AwaitParked(ThreadTable* table, uint32_t expected, int64_t deadline) {
  const timespec patience = {0, 5'000'000};
  for (uint32_t now = parked_count.load(); now < expected; now = parked_count.load()) {
    const bool late = Futex(&parked_count, FUTEX_WAIT, now, &patience) != 0 && errno == ETIMEDOUT;
    if (!late) continue;
    Thread* missing = FirstMissing(table, &expected);
    if (missing != nullptr && Now() > deadline) return missing;
  }
  return nullptr;
}

// A thread seen for the first time that blocks the signal will never take it. One that was parked before may block it
// just now, on its way out of the handler, and takes it then.
bool NeverParks(Thread* thread) {
  if (thread->tid_address == nullptr && thread->parkable) thread->parkable = !BlocksSignal(thread->tid, kParkSignal);
  return !thread->parkable;
}

uint32_t SignalUnparked(ThreadTable* table) {
  uint32_t expected = 0;
  for (Thread* thread : table->threads()) {
    if (NeverParks(thread)) continue;
    if (thread->parked.load() || Signal(thread)) expected++;
  }
  return expected;
}

ParkResult Fail(int error, const Thread* thread) {
  ParkResult result;
  result.error = error;
  if (thread != nullptr) {
    result.tid = thread->tid;
    ThreadName(thread->tid, result.name);
  }
  Release();
  return result;
}

}  // namespace

ParkResult Park(ThreadTable* table) {
  static const bool installed = InstallHandler();
  if (!installed) return Fail(-EINVAL, nullptr);
  const int64_t deadline = Now() + kParkLimit;
  parked_count = 0;
  int known = table->Refresh();
  for (Thread* thread : table->threads()) thread->parked = false;
  // A thread that still runs may start another: list again until the count agrees with what stands still.
  while (known >= 0) {
    Thread* missing = AwaitParked(table, SignalUnparked(table), deadline);
    if (missing != nullptr) return Fail(-ETIMEDOUT, missing);
    if (ThreadTable::Count() <= static_cast<int>(table->threads().size()) + 1) return {};
    known = table->Refresh();
  }
  return Fail(known, nullptr);
}

void Release() {
  release_round.fetch_add(1);
  Futex(&release_round, FUTEX_WAKE, 0x7fffffff);
}

}  // namespace posix_async::fork

// Signal frames on x86_64 and aarch64.
//
// The facts it rests on: where a call is to be made again, the kernel has moved the program counter back to its
// instruction and restored the number (x86_64: rax; aarch64: x8 holds it all along); where it is not, the counter
// stands behind the instruction and the result is EINTR. On x86_64 the number is lost then, but glibc's wrappers load
// it by a `mov` shortly before the instruction, where it can be read; the arguments are still in their registers. On
// aarch64 the result has overwritten the first argument, so there is no standing in for epoll_wait.
//
// A wait on a futex with a time limit gives EINTR too, like a wait for what comes from outside, and is none: allocators
// wait for their locks by it. Nor is a sleep of microseconds: V8's mutexes sleep so between two looks (Node.js 24).
// Where the number is lost (the call was made through syscall(3) or by a library's own instruction) the arguments tell.
// See: man 2 syscall, futex, signal(7) on restarting.
#include "frame.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <iterator>

#include "peek.h"

namespace posix_async::fork {
namespace {

// Calls that may wait for what comes from outside, and that the kernel makes again.
bool MayWait(int64_t number) {
  for (const int64_t call : {SYS_read,         SYS_readv,         SYS_pread64,    SYS_preadv,          SYS_preadv2,
                             SYS_write,        SYS_writev,        SYS_pwrite64,   SYS_pwritev,         SYS_pwritev2,
                             SYS_recvfrom,     SYS_recvmsg,       SYS_recvmmsg,   SYS_sendto,          SYS_sendmsg,
                             SYS_sendmmsg,     SYS_accept,        SYS_accept4,    SYS_connect,         SYS_sendfile,
                             SYS_splice,       SYS_tee,           SYS_vmsplice,   SYS_wait4,           SYS_waitid,
                             SYS_flock,        SYS_fcntl,         SYS_ioctl,      SYS_openat,          SYS_msgrcv,
                             SYS_msgsnd,       SYS_semop,         SYS_semtimedop, SYS_mq_timedreceive, SYS_mq_timedsend,
                             SYS_io_getevents, SYS_io_uring_enter})
    if (number == call) return true;
  return false;
}

// Calls that hold back nothing and ask for nothing but memory and the processor: an allocator may be at them.
bool IsInstant(int64_t number) {
  for (const int64_t instant : {SYS_madvise, SYS_mprotect, SYS_mmap, SYS_munmap, SYS_mremap, SYS_brk, SYS_sched_yield,
                                SYS_rt_sigprocmask, SYS_prctl, SYS_gettid, SYS_getpid, SYS_getrandom, SYS_close})
    if (number == instant) return true;
  return false;
}

bool IsFutexWait(long operation) {
  const long command = operation & FUTEX_CMD_MASK;
  return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
         command == FUTEX_WAIT_REQUEUE_PI;
}

// What a thread is at that stands before a call, which it has not made or which is to be made again.
Interrupted Before(int64_t number, long futex_operation) {
  if (number == SYS_futex) return IsFutexWait(futex_operation) ? Interrupted::kFutex : Interrupted::kNothing;
  if (number == SYS_restart_syscall) return Interrupted::kTimedWait;
  if (MayWait(number)) return Interrupted::kPerhaps;
  return IsInstant(number) ? Interrupted::kNothing : Interrupted::kCall;
}

// Where `length` is the address of the timespec that a sleep was given, or of what is left of it.
bool IsShortSleep(uintptr_t length) {
  constexpr int64_t kShort = 1'000'000;
  timespec time;
  return Peek(length, &time, sizeof time) && time.tv_sec == 0 && time.tv_nsec >= 0 && time.tv_nsec < kShort;
}

bool IsPlainFutexWait(const Wait& wait) {
  const long operation = wait.arguments[1] & FUTEX_CMD_MASK;
  return wait.arguments[3] == 0 && (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET);
}

}  // namespace

bool IsByHand(const ucontext_t& context) {
  constexpr uintptr_t kSize = 64;  // of that function, at most
  return ProgramCounter(context) - reinterpret_cast<uintptr_t>(&::syscall) < kSize;
}

bool IsConditionWait(const Wait& wait) {
  constexpr long kOperation = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
  return wait.number == SYS_futex && wait.arguments[1] == kOperation;
}

#if defined(__x86_64__)

namespace {

bool FollowsSyscall(uintptr_t pc) {
  const auto* code = reinterpret_cast<const unsigned char*>(pc);
  return code[-2] == 0x0f && code[-1] == 0x05;
}

// "mov $number, %eax", then at most one more load, then the instruction in front of `pc`: the number, or -1 where it is
// none of those wanted.
long NumberBefore(uintptr_t pc, std::initializer_list<int32_t> wanted) {
  const auto* code = reinterpret_cast<const unsigned char*>(pc) - sizeof(int32_t) - 2;
  for (const auto* last = code - 8; code >= last; code--) {
    int32_t number;
    memcpy(&number, code, sizeof number);
    for (const int32_t one : wanted)
      if (code[-1] == 0xb8 && number == one) return number;
  }
  return -1;
}

// The address of the length of a sleep that was interrupted; 0: it was no sleep, or one to a point in time.
uintptr_t LengthOfSleep(const ucontext_t& context) {
  const auto& registers = context.uc_mcontext.gregs;
  const long number = NumberBefore(ProgramCounter(context), {SYS_nanosleep, SYS_clock_nanosleep});
  if (number == SYS_nanosleep) return static_cast<uintptr_t>(registers[REG_RDI]);
  const bool is_for_a_time = number == SYS_clock_nanosleep && (registers[REG_RSI] & TIMER_ABSTIME) == 0;
  return is_for_a_time ? static_cast<uintptr_t>(registers[REG_RDX]) : 0;
}

// Are these the arguments of a wait on a futex of this process's with a time limit? Those of the other calls that give
// EINTR are not: theirs begin with a descriptor, or have another address in the second place.
bool IsTimedFutexWait(long long word, long long operation, long long limit) {
  if ((operation & FUTEX_PRIVATE_FLAG) == 0 || !IsFutexWait(static_cast<long>(operation)) || word % 4 != 0)
    return false;
  uint32_t value;
  timespec time;
  return Peek(static_cast<uintptr_t>(word), &value, sizeof value) &&
         Peek(static_cast<uintptr_t>(limit), &time, sizeof time) && time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000;
}

}  // namespace

uintptr_t ProgramCounter(const ucontext_t& context) {
  return static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
}

Interrupted InterruptedCall(const ucontext_t& context) {
  const auto& registers = context.uc_mcontext.gregs;
  const uintptr_t pc = ProgramCounter(context);
  const auto rax = static_cast<int64_t>(registers[REG_RAX]);
  if (FollowsSyscall(pc + 2) && rax >= 0 && rax < 1024) return Before(rax, registers[REG_RSI]);
  if (rax != -EINTR || !FollowsSyscall(pc)) return Interrupted::kNothing;
  const bool is_futex = NumberBefore(pc, {SYS_futex}) == SYS_futex ||
                        IsTimedFutexWait(registers[REG_RDI], registers[REG_RSI], registers[REG_R10]);
  if (is_futex) return Interrupted::kTimedWait;
  return IsShortSleep(LengthOfSleep(context)) ? Interrupted::kBackOff : Interrupted::kOutside;
}

bool PlainWait(const ucontext_t& context, Interrupted call, Wait* wait) {
  const auto& registers = context.uc_mcontext.gregs;
  *wait = {SYS_futex,
           {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10], registers[REG_R8],
            registers[REG_R9]}};
  if (call == Interrupted::kFutex) return IsPlainFutexWait(*wait);
  if (call != Interrupted::kOutside) return false;
  wait->number = NumberBefore(ProgramCounter(context), {SYS_epoll_wait, SYS_epoll_pwait});
  return wait->number != -1 && static_cast<int>(wait->arguments[3]) == -1;
}

bool CallOf(const ucontext_t& context, Wait* made) {
  PlainWait(context, Interrupted::kNothing, made);  // the arguments
  made->number = NumberBefore(
      ProgramCounter(context),
      {SYS_poll,      SYS_select,          SYS_ppoll,      SYS_pselect6,        SYS_epoll_wait,    SYS_epoll_pwait,
       SYS_nanosleep, SYS_clock_nanosleep, SYS_futex,      SYS_pause,           SYS_rt_sigsuspend, SYS_msgrcv,
       SYS_msgsnd,    SYS_semop,           SYS_semtimedop, SYS_rt_sigtimedwait, SYS_recvfrom,      SYS_recvmsg,
       SYS_accept,    SYS_accept4,         SYS_read,       SYS_write,           SYS_sendto,        SYS_sendmsg,
       SYS_connect});
  return true;
}

bool IsTheCall(const ucontext_t& context, const CallLook& look) {
  Wait made;
  PlainWait(context, Interrupted::kNothing, &made);
  return look.number >= 0 && look.program_counter == ProgramCounter(context) &&
         look.stack_pointer == StackPointer(context) &&
         std::equal(std::begin(made.arguments), std::end(made.arguments), look.arguments);
}

void MakeAgain(ucontext_t* context, long number, long) {
  context->uc_mcontext.gregs[REG_RAX] = number;
  context->uc_mcontext.gregs[REG_RIP] -= 2;
}

uintptr_t FutexWord(const ucontext_t& context, Interrupted call) {
  const bool is_futex = call == Interrupted::kFutex || call == Interrupted::kTimedWait;
  return is_futex ? static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RDI]) : 0;
}

uintptr_t StackPointer(const ucontext_t& context) { return static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RSP]); }

void FinishCall(ucontext_t* context, Interrupted call, long result) {
  context->uc_mcontext.gregs[REG_RAX] = result;
  if (call == Interrupted::kFutex) context->uc_mcontext.gregs[REG_RIP] += 2;
}

#elif defined(__aarch64__)

namespace {

constexpr uintptr_t kInstruction = 4;

bool IsSyscall(uintptr_t pc) { return *reinterpret_cast<const uint32_t*>(pc) == 0xd4000001; }

// The address of the length of a sleep that was interrupted, or of what is left of it: the first argument is lost. 0:
// it was no sleep, or one to a point in time.
uintptr_t LengthOfSleep(const ucontext_t& context) {
  const auto& registers = context.uc_mcontext.regs;
  if (registers[8] == SYS_nanosleep) return registers[1];
  const bool is_for_a_time = registers[8] == SYS_clock_nanosleep && (registers[1] & TIMER_ABSTIME) == 0;
  return is_for_a_time ? registers[2] : 0;
}

}  // namespace

uintptr_t ProgramCounter(const ucontext_t& context) { return static_cast<uintptr_t>(context.uc_mcontext.pc); }

Interrupted InterruptedCall(const ucontext_t& context) {
  const auto pc = static_cast<uintptr_t>(context.uc_mcontext.pc);
  const auto& registers = context.uc_mcontext.regs;
  const auto number = static_cast<int64_t>(registers[8]);
  if (IsSyscall(pc)) return Before(number, static_cast<long>(registers[1]));
  if (static_cast<int64_t>(registers[0]) != -EINTR || !IsSyscall(pc - kInstruction)) return Interrupted::kNothing;
  if (number == SYS_futex) return Interrupted::kTimedWait;
  return IsShortSleep(LengthOfSleep(context)) ? Interrupted::kBackOff : Interrupted::kOutside;
}

bool PlainWait(const ucontext_t& context, Interrupted call, Wait* wait) {
  if (call != Interrupted::kFutex) return false;
  wait->number = SYS_futex;
  for (int i = 0; i < 6; i++) wait->arguments[i] = static_cast<long>(context.uc_mcontext.regs[i]);
  return IsPlainFutexWait(*wait);
}

bool CallOf(const ucontext_t& context, Wait* made) {
  made->number = static_cast<long>(context.uc_mcontext.regs[8]);
  for (int i = 0; i < 6; i++) made->arguments[i] = static_cast<long>(context.uc_mcontext.regs[i]);
  return false;
}

bool IsTheCall(const ucontext_t& context, const CallLook& look) {
  Wait made;
  CallOf(context, &made);
  return look.number == made.number && look.program_counter == ProgramCounter(context) &&
         look.stack_pointer == StackPointer(context) &&
         std::equal(std::begin(made.arguments) + 1, std::end(made.arguments), look.arguments + 1);
}

void MakeAgain(ucontext_t* context, long number, long first_argument) {
  context->uc_mcontext.regs[8] = static_cast<unsigned long>(number);
  context->uc_mcontext.regs[0] = static_cast<unsigned long>(first_argument);
  context->uc_mcontext.pc -= kInstruction;
}

// The result of a wait with a time limit stands where the word's address was.
uintptr_t FutexWord(const ucontext_t& context, Interrupted call) {
  return call == Interrupted::kFutex ? static_cast<uintptr_t>(context.uc_mcontext.regs[0]) : 0;
}

uintptr_t StackPointer(const ucontext_t& context) { return static_cast<uintptr_t>(context.uc_mcontext.sp); }

void FinishCall(ucontext_t* context, Interrupted call, long result) {
  context->uc_mcontext.regs[0] = static_cast<unsigned long>(result);
  if (call == Interrupted::kFutex) context->uc_mcontext.pc += kInstruction;
}

#else
#error "the whole-runtime fork knows x86_64 and aarch64"
#endif

}  // namespace posix_async::fork

// Signal frames on x86_64 and aarch64.
//
// The facts it rests on: where a call is to be made again, the kernel has moved the program counter back to its
// instruction and restored the number (x86_64: rax; aarch64: x8 holds it all along); where it is not, the counter
// stands behind the instruction and the result is EINTR. On x86_64 the number is lost then, but glibc's wrappers load
// it by a `mov` shortly before the instruction, where it can be read; the arguments are still in their registers. On
// aarch64 the result has overwritten the first argument, so there is no standing in for epoll_wait. See: man 2 syscall,
// signal(7) on restarting.
#include "frame.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <initializer_list>

namespace posix_async::fork {
namespace {

// A thread that stands before such a call has not been interrupted in it: it does not wait.
bool IsInstant(int64_t number) {
  for (const int64_t instant : {SYS_madvise, SYS_mprotect, SYS_mmap, SYS_munmap, SYS_mremap, SYS_brk, SYS_sched_yield,
                                SYS_rt_sigprocmask, SYS_prctl, SYS_gettid, SYS_getpid, SYS_getrandom, SYS_close})
    if (number == instant) return true;
  return false;
}

bool IsPlainFutexWait(const Wait& wait) {
  const long operation = wait.arguments[1] & FUTEX_CMD_MASK;
  return wait.arguments[3] == 0 && (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET);
}

}  // namespace

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

}  // namespace

uintptr_t ProgramCounter(const ucontext_t& context) {
  return static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
}

Interrupted InterruptedCall(const ucontext_t& context) {
  const uintptr_t pc = ProgramCounter(context);
  const auto rax = static_cast<int64_t>(context.uc_mcontext.gregs[REG_RAX]);
  if (FollowsSyscall(pc + 2) && rax >= 0 && rax < 1024) {
    if (rax == SYS_futex) return Interrupted::kFutex;
    if (IsInstant(rax)) return Interrupted::kNothing;
    return rax == SYS_restart_syscall ? Interrupted::kTimedWait : Interrupted::kOther;
  }
  return rax == -EINTR && FollowsSyscall(pc) ? Interrupted::kOther : Interrupted::kNothing;
}

bool PlainWait(const ucontext_t& context, Interrupted call, Wait* wait) {
  const auto& registers = context.uc_mcontext.gregs;
  *wait = {SYS_futex,
           {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10], registers[REG_R8],
            registers[REG_R9]}};
  if (call == Interrupted::kFutex) return IsPlainFutexWait(*wait);
  if (call != Interrupted::kOther || registers[REG_RAX] != -EINTR) return false;
  wait->number = NumberBefore(ProgramCounter(context), {SYS_epoll_wait, SYS_epoll_pwait});
  return wait->number != -1 && static_cast<int>(wait->arguments[3]) == -1;
}

void FinishCall(ucontext_t* context, Interrupted call, long result) {
  context->uc_mcontext.gregs[REG_RAX] = result;
  if (call == Interrupted::kFutex) context->uc_mcontext.gregs[REG_RIP] += 2;
}

#elif defined(__aarch64__)

namespace {

constexpr uintptr_t kInstruction = 4;

bool IsSyscall(uintptr_t pc) { return *reinterpret_cast<const uint32_t*>(pc) == 0xd4000001; }

}  // namespace

uintptr_t ProgramCounter(const ucontext_t& context) { return static_cast<uintptr_t>(context.uc_mcontext.pc); }

Interrupted InterruptedCall(const ucontext_t& context) {
  const auto pc = static_cast<uintptr_t>(context.uc_mcontext.pc);
  const auto number = static_cast<int64_t>(context.uc_mcontext.regs[8]);
  const auto x0 = static_cast<int64_t>(context.uc_mcontext.regs[0]);
  if (IsSyscall(pc)) {
    if (number == SYS_futex) return Interrupted::kFutex;
    if (IsInstant(number)) return Interrupted::kNothing;
    return number == SYS_restart_syscall ? Interrupted::kTimedWait : Interrupted::kOther;
  }
  return x0 == -EINTR && IsSyscall(pc - kInstruction) ? Interrupted::kOther : Interrupted::kNothing;
}

bool PlainWait(const ucontext_t& context, Interrupted call, Wait* wait) {
  if (call != Interrupted::kFutex) return false;
  wait->number = SYS_futex;
  for (int i = 0; i < 6; i++) wait->arguments[i] = static_cast<long>(context.uc_mcontext.regs[i]);
  return IsPlainFutexWait(*wait);
}

void FinishCall(ucontext_t* context, Interrupted, long result) {
  context->uc_mcontext.regs[0] = static_cast<unsigned long>(result);
  context->uc_mcontext.pc += kInstruction;
}

#else
#error "the whole-runtime fork knows x86_64 and aarch64"
#endif

}  // namespace posix_async::fork

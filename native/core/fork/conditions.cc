// A thread that waits on a condition variable and does not live in the child leaves it there.
//
// The facts it rests on: glibc's condition variable (2.25 to 2.40) has two groups of waiters. Signals go to the older
// one; when that is used up, the next signal makes the younger the older, and first waits until every thread of the old
// group has left (`references`). Threads that are gone never leave: the second wake-up of theirs hangs for good, with
// the lock of the condition variable. So does pthread_cond_destroy, which waits for all (`waiters`). What a cancelled
// wait does is done here in the place of each. glibc 2.41 counts no references. Where a thread waits is told by its
// futex word, which is one of `signals`; that the word is of a condition variable, by the function it waits in.
// See: man 3 pthread_cond_wait.
#include "conditions.h"

#include <dlfcn.h>
#include <elf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "frame.h"
#include "program.h"
#include "redirect.h"

namespace posix_async::fork {
namespace {

struct Condition {
  uint64_t sequence;        // of waiters, times two; the lowest bit: which group is the younger one
  uint64_t first_of_older;  // likewise
  uint32_t references[2];   // threads inside each group, times two; the lowest bit: a signal waits for them
  uint32_t size[2];         // waiters of each group that no signal was given to
  uint32_t older_size;      // times four; the two lowest bits are the lock
  uint32_t waiters;         // times eight
  uint32_t signals[2];
};
static_assert(sizeof(Condition) == sizeof(pthread_cond_t));

constexpr const char* kWaits[] = {"pthread_cond_wait", "pthread_cond_timedwait", "pthread_cond_clockwait"};
Range wait_code[3];

bool CountsReferences() {
  const char* const version = gnu_get_libc_version();
  if (strncmp(version, "2.", 2) != 0) return false;
  const int minor = atoi(version + 2);
  return minor >= 25 && minor <= 40;
}

Range CodeOf(const char* name) {
  const void* const function = FunctionOfTheSystem(name);
  Dl_info info;
  const ElfW(Sym)* symbol = nullptr;
  if (function == nullptr || dladdr1(function, &info, (void**)&symbol, RTLD_DL_SYMENT) == 0 || symbol == nullptr)
    return {};
  const auto from = reinterpret_cast<uintptr_t>(function);
  return {from, from + symbol->st_size};
}

// The functions that it waits in lie right above the signal frame. A function by itself, for it reads words that nobody
// has written to, and valgrind is told its name.
__attribute__((noinline)) bool IsInConditionWait(const Thread& thread) {
  constexpr size_t kDeepest = 64;
  const auto* const stack = reinterpret_cast<const uintptr_t*>(StackPointer(*thread.frame));
  const auto* const top = static_cast<const uintptr_t*>(thread.thread_pointer);
  for (size_t i = 0; i < kDeepest && stack + i < top; i++)
    for (const Range& code : wait_code)
      if (code.Has(stack[i])) return true;
  return false;
}

// The condition variable that it waits on, and in which group. Null where it waits on none.
Condition* ConditionOf(const Thread& thread, unsigned* group) {
  const uintptr_t word = FutexWord(*thread.frame, InterruptedCall(*thread.frame));
  if (word == 0 || !IsInConditionWait(thread)) return nullptr;
  *group = word % alignof(Condition) == 0 ? 0 : 1;  // the first of the two is aligned
  auto* const found = reinterpret_cast<Condition*>(word - offsetof(Condition, signals) - *group * sizeof(uint32_t));
  return (found->waiters >> 3) > 0 && (found->references[*group] >> 1) > 0 ? found : nullptr;
}

void Leave(Condition* condition, unsigned group) {
  condition->references[group] -= 2;
  condition->waiters -= 8;
  const bool is_locked = (condition->older_size & 3) != 0;  // a signal is at work on it, and sees what is left
  const unsigned older = (condition->sequence & 1) ^ 1;
  if (!is_locked && (group != older || condition->size[group] > 0)) condition->size[group]--;
}

}  // namespace

void PrepareToLeaveConditions() {
  if (!CountsReferences()) return;
  for (size_t i = 0; i < std::size(kWaits); i++) wait_code[i] = CodeOf(kWaits[i]);
}

void LeaveConditions(const ThreadTable& table) {
  for (const Thread* thread : table.threads()) {
    if (!thread->stands_still() || thread->fate != Fate::kDead) continue;
    unsigned group = 0;
    Condition* const condition = ConditionOf(*thread, &group);
    if (condition != nullptr) Leave(condition, group);
  }
}

}  // namespace posix_async::fork

// libuv's thread pool across a fork.
//
// The facts it rests on: the pool's condition variable is a static one of the program that libuv is linked into, so a
// thread that waits on a futex in the program's own data waits for work; it has nothing to do in the child, where
// libuv's fork handlers make the pool anew. A thread in the middle of work must go on there, for it may hold a lock,
// the allocator's for one; but when its work is done it must neither call back nor take the next request of the
// parent's. The request is found on the thread's stack: struct uv__work of the public uv.h (work, done, loop, and a
// queue node that points to itself while the work is being done). When the work is done the thread locks wq_mutex of
// the request's loop: it is given a loop in which that mutex is never free. What is done already waits in loop->wq, and
// is dropped. Requests count in loop->active_reqs and would keep the child's loop alive for ever.
#include "pool.h"

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "frame.h"
#include "program.h"

namespace posix_async::fork {
namespace {

// The futex word in the program's data that the thread waits on, or 0.
uintptr_t StaticWait(const Thread& thread) {
  Wait wait;
  const Interrupted call = InterruptedCall(*thread.frame);
  if (call != Interrupted::kFutex || !PlainWait(*thread.frame, call, &wait)) return 0;
  const auto word = static_cast<uintptr_t>(wait.arguments[0]);
  return TheProgram().data.Has(word) ? word : 0;
}

uintptr_t pool_word = 0;  // in the pool's condition variable, once a thread was seen waiting there

// The loop that keeps what ends up in it, also of a thread that had the mutex of its own loop already.
uv_loop_t* Detention() {
  static uv_loop_t* const loop = [] {
    static uv_loop_t made = {};
    made.wq = {&made.wq, &made.wq};
    made.wq_async.pending = 1;  // nobody is to be woken
    uv_mutex_init(&made.wq_mutex);
    uv_mutex_lock(&made.wq_mutex);
    return &made;
  }();
  return loop;
}

// Is there, at `address`, a request of `loop` that some thread is working on?
bool IsWorkUnderWay(uintptr_t address, const uv_loop_t* loop) {
  if (address % alignof(uv__work) != 0 || address < 0x10000) return false;
  uv__work work;
  if (!Peek(address, &work, sizeof work) || work.loop != loop) return false;
  uintptr_t links[2];
  memcpy(links, &work.wq, sizeof links);
  const uintptr_t node = address + offsetof(uv__work, wq);
  const Range& code = TheProgram().code;
  return links[0] == node && links[1] == node && code.Has(reinterpret_cast<uintptr_t>(work.work)) &&
         code.Has(reinterpret_cast<uintptr_t>(work.done));
}

// `word` may be the request's address or, what compilers make of it, its queue node's.
bool Disown(uintptr_t word, const uv_loop_t* loop) {
  bool found = false;
  for (const uintptr_t address : {word, word - offsetof(uv__work, wq)}) {
    if (!IsWorkUnderWay(address, loop)) continue;
    reinterpret_cast<uv__work*>(address)->loop = Detention();
    found = true;
  }
  return found;
}

struct Links {
  uintptr_t next, previous;
};

// Could it be the head of a queue with something in it?
bool LooksFilled(const Links& own, uintptr_t address) {
  return own.next >= 0x10000 && own.next % 8 == 0 && own.previous >= 0x10000 && own.previous % 8 == 0 &&
         own.next != address;
}

// Is it? Each neighbour must point back.
bool IsFilledQueue(const Links& own, uintptr_t address) {
  Links next, previous;
  return Peek(own.next, &next, sizeof next) && next.previous == address &&
         Peek(own.previous, &previous, sizeof previous) && previous.next == address;
}

constexpr uintptr_t kNeighbourhood = 512;

// Words near the pool's condition variable that look like a queue's head and are something else for good, or one of the
// loop's. To find that out takes a system call or two for each, so the parent does it once and its children know.
struct Neighbours {
  uintptr_t middle = 0;
  bool is_other[2 * kNeighbourhood / 8] = {};
};
Neighbours neighbours;

// Calls `use(address, is_queue, is_other)` for each word in the neighbourhood that may be the head of a queue with
// something in it.
template <typename Use>
void ForEachLikelyQueue(Use use) {
  for (size_t i = 0; i < sizeof neighbours.is_other; i++) {
    const uintptr_t at = neighbours.middle - kNeighbourhood + 8 * i;
    if (neighbours.is_other[i] || !TheProgram().data.Has(at)) continue;
    Links own;
    memcpy(&own, reinterpret_cast<const void*>(at), sizeof own);
    if (LooksFilled(own, at)) use(at, IsFilledQueue(own, at), &neighbours.is_other[i]);
  }
}

// While no thread is in the middle of changing a queue.
void LearnNeighbours() {
  ForEachLikelyQueue([](uintptr_t, bool is_queue, bool* is_other) { *is_other = !is_queue; });
}

Range Of(const uv_loop_t* loop) {
  const auto from = reinterpret_cast<uintptr_t>(loop);
  return {from, from + sizeof *loop};
}

// The loop, which may be a neighbour, has queues of its own.
void LeaveOut(const uv_loop_t* loop) {
  const Range of_loop = Of(loop);
  for (size_t i = 0; i < sizeof neighbours.is_other; i++)
    neighbours.is_other[i] |= of_loop.Has(neighbours.middle - kNeighbourhood + 8 * i);
}

// Nothing waits to be worked on.
void EmptyQueues() {
  ForEachLikelyQueue([](uintptr_t at, bool is_queue, bool*) {
    if (!is_queue) return;
    const Links empty = {at, at};
    memcpy(reinterpret_cast<void*>(at), &empty, sizeof empty);
  });
}

// What the thread holds: its registers, and its stack, which ends at its thread pointer. The pool's own frame is one of
// the first.
bool DisownWorkOf(const Thread& thread, const uv_loop_t* loop) {
  bool found = false;
  const auto* registers = reinterpret_cast<const uintptr_t*>(&thread.frame->uc_mcontext);
  for (size_t i = 0; i < sizeof thread.frame->uc_mcontext / sizeof *registers; i++) found |= Disown(registers[i], loop);
  constexpr uintptr_t kDeepest = 64 * 1024;
  const auto top = reinterpret_cast<uintptr_t>(thread.thread_pointer) & ~uintptr_t{7};
  const auto here = reinterpret_cast<uintptr_t>(thread.frame);  // the signal frame lies below all else
  for (uintptr_t at = top - 8; at >= here && top - at <= kDeepest; at -= 8)
    found |= Disown(*reinterpret_cast<uintptr_t*>(at), loop);
  return found;
}

bool MayWork(const Thread& thread) {
  return thread.stands_still() && thread.fate == Fate::kRevive && (thread.is_of_pool || !thread.stands_in);
}

}  // namespace

void RetireIdlePoolThreads(ThreadTable* table, const uv_loop_t* loop) {
  Detention();
  bool at_rest = true;
  for (Thread* thread : table->threads()) {
    const uintptr_t word = thread->stands_still() ? StaticWait(*thread) : 0;
    at_rest &= thread->stands_in || !thread->stands_still();
    if (word == 0) continue;
    if (!Of(loop).Has(word)) pool_word = word;  // or it waits to tell the loop of a result
    thread->is_of_pool = true;
    thread->fate = Fate::kDead;
  }
  const uintptr_t middle = pool_word & ~uintptr_t{7};
  if (neighbours.middle != middle) {
    neighbours = {middle, {}};
    LeaveOut(loop);
  }
  if (middle != 0 && at_rest) LearnNeighbours();
}

void DisownPoolWork(ThreadTable* table, uv_loop_t* loop) {
  if (neighbours.middle != 0) EmptyQueues();
  for (Thread* thread : table->threads()) {
    if (!MayWork(*thread) || DisownWorkOf(*thread, loop)) continue;
    // Between two requests it holds no lock but the pool's own, which are made anew; it would wait on a condition
    // variable that is made anew under it.
    if (thread->is_of_pool) thread->fate = Fate::kDead;
  }
}

void DropPoolResults(uv_loop_t* loop) {
  uv_mutex_init(&loop->wq_mutex);  // nobody who may have held it is to give it back
  void* empty[2] = {&loop->wq, &loop->wq};
  memcpy(&loop->wq, empty, sizeof empty);
  loop->active_reqs.count = 0;
}

}  // namespace posix_async::fork

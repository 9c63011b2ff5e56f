// A request in the hands of a thread.
//
// The facts it rests on: struct uv__work of the public uv.h (work, done, loop, and a queue node that points to itself
// while the work is being done). When it is, the thread locks wq_mutex of the request's loop, takes the work's function
// out of the request, puts it into the loop's queue, wakes the loop and unlocks. It reads the request's loop anew for
// each of these steps, but a step that it has begun is made with the address that it has. A pthread_mutex_t of the C
// library says whether it is locked and, but for the moment before and after, by which thread.
#include "pool_request.h"

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "frame.h"
#include "program.h"

namespace posix_async::fork {
namespace {

// Its mutex is never free.
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

uintptr_t AddressOf(const void* object) { return reinterpret_cast<uintptr_t>(object); }

struct Links {
  uintptr_t next, previous;
};

// Could it be a request of `loop`?
bool LooksRequest(uintptr_t address, const uv_loop_t* loop, uv__work* work) {
  return address % alignof(uv__work) == 0 && address >= 0x10000 && Peek(address, work, sizeof *work) &&
         work->loop == loop && TheProgram().code.Has(reinterpret_cast<uintptr_t>(work->done));
}

bool IsUnderWay(uintptr_t address, const uv__work& work) {
  Links links;
  memcpy(&links, &work.wq, sizeof links);
  const uintptr_t node = address + offsetof(uv__work, wq);
  return links.next == node && links.previous == node && TheProgram().code.Has(reinterpret_cast<uintptr_t>(work.work));
}

template <typename Request>
bool IsPartOf(uintptr_t work, uv_req_type type) {
  Request request;
  return Peek(work - offsetof(Request, work_req), &request, sizeof request) && request.type == type;
}

bool IsSlow(uintptr_t work) {
  return IsPartOf<uv_getaddrinfo_t>(work, UV_GETADDRINFO) || IsPartOf<uv_getnameinfo_t>(work, UV_GETNAMEINFO);
}

// `word` may be the request's address or, what compilers make of it, its queue node's. Handing over is done with the
// request at hand; further up the stack lies what is long over.
void Look(uintptr_t word, bool at_hand, const uv_loop_t* loop, InHand* found) {
  for (const uintptr_t address : {word, word - offsetof(uv__work, wq)}) {
    uv__work work;
    if (!LooksRequest(address, loop, &work)) continue;
    const bool under_way = IsUnderWay(address, work), done = at_hand && work.work == nullptr;
    found->under_way |= under_way;
    found->done |= done;
    found->is_slow |= (under_way || done) && IsSlow(address);
    if (under_way) reinterpret_cast<uv__work*>(address)->loop = Detention();
  }
}

template <typename Use>
void ForEachRegister(const Thread& thread, Use use) {
  auto* registers = reinterpret_cast<uintptr_t*>(&thread.frame->uc_mcontext);
  for (size_t i = 0; i < sizeof thread.frame->uc_mcontext / sizeof *registers; i++) use(&registers[i]);
}

// Down from the thread pointer, where its stack ends, to the signal frame, below which there is nothing. The pool's own
// frame is one of the first.
template <typename Use>
void ForEachOnStack(const Thread& thread, Use use) {
  constexpr uintptr_t kDeepest = 64 * 1024;
  const auto top = AddressOf(thread.thread_pointer) & ~uintptr_t{7};
  for (uintptr_t at = top - 8; at >= AddressOf(thread.frame) && top - at <= kDeepest; at -= 8)
    use(reinterpret_cast<uintptr_t*>(at));
}

// A step that the thread has begun with the loop's address is made with that of detention as well.
void Divert(const Thread& thread, const uv_loop_t* loop) {
  const auto divert = [](uintptr_t* word, const void* from, const void* to) {
    if (*word == AddressOf(from)) *word = AddressOf(to);
  };
  ForEachRegister(thread, [&](uintptr_t* word) {
    divert(word, loop, Detention());
    divert(word, &loop->wq_mutex, &Detention()->wq_mutex);
  });
  ForEachOnStack(thread, [&](uintptr_t* word) { divert(word, &loop->wq_mutex, &Detention()->wq_mutex); });
}

}  // namespace

void PrepareDetention() { Detention(); }

InHand Disown(const Thread& thread, const uv_loop_t* loop) {
  constexpr uintptr_t kAtHand = 1024;
  const uintptr_t stack_pointer = StackPointer(*thread.frame);
  InHand found;
  ForEachRegister(thread, [&](const uintptr_t* word) { Look(*word, true, loop, &found); });
  ForEachOnStack(thread,
                 [&](const uintptr_t* word) { Look(*word, AddressOf(word) < stack_pointer + kAtHand, loop, &found); });
  if (found.under_way) Divert(thread, loop);
  return found;
}

bool HoldsResults(const Thread& thread, const uv_loop_t* loop) {
  const auto& mutex = loop->wq_mutex.__data;
  if (mutex.__lock == 0) return false;
  if (mutex.__owner != 0) return thread.tid_address != nullptr && mutex.__owner == *thread.tid_address;
  bool is_at_it = false;
  ForEachRegister(thread, [&](const uintptr_t* word) { is_at_it |= *word == AddressOf(&loop->wq_mutex); });
  return is_at_it;
}

}  // namespace posix_async::fork

// A request in the hands of a thread.
//
// The facts it rests on: struct uv__work of the public uv.h (work, done, loop, and a queue node that points to itself
// while the work is being done). The work is the one function that the pool's threads call by its address; whatever
// else the function that they begin in does (take a request, lock wq_mutex of its loop, put it into the loop's queue,
// wake the loop) is done by direct calls. So the instruction before the return address into that function tells which
// of them is in the middle of work. An address of a request proves nothing: it may be what is left of one that is over,
// in whose place is another that another thread works on. When the work is done the thread reads the request's loop.
#include "pool_request.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "frame.h"
#include "peek.h"
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

// What is no request may have any number there.
template <typename Request>
bool IsPartOf(uintptr_t work, uv_req_type type) {
  std::underlying_type_t<uv_req_type> found;
  const uintptr_t request = work - offsetof(Request, work_req);
  return Peek(request + offsetof(Request, type), &found, sizeof found) && found == type;
}

bool IsSlow(uintptr_t work) {
  return IsPartOf<uv_getaddrinfo_t>(work, UV_GETADDRINFO) || IsPartOf<uv_getnameinfo_t>(work, UV_GETNAMEINFO);
}

// Calls `use(address, work)` for what may be a request of `loop`, known by its own address or, what compilers make of
// it, by its queue node's.
template <typename Use>
void ForEachRequest(uintptr_t word, const uv_loop_t* loop, Use use) {
  for (const uintptr_t address : {word, word - offsetof(uv__work, wq)}) {
    uv__work work;
    if (LooksRequest(address, loop, &work)) use(address, work);
  }
}

template <typename Use>
void ForEachRegister(const Thread& thread, Use use) {
  auto* registers = reinterpret_cast<uintptr_t*>(&thread.frame->uc_mcontext);
  for (size_t i = 0; i < sizeof thread.frame->uc_mcontext / sizeof *registers; i++) use(&registers[i]);
}

// As long as `use` gives true, down from the thread pointer, where its stack ends, to the signal frame, below which
// there is nothing. The pool's own frame is one of the first.
template <typename Use>
void ForEachOnStack(const Thread& thread, Use use) {
  constexpr uintptr_t kDeepest = 64 * 1024;
  const auto top = AddressOf(thread.thread_pointer) & ~uintptr_t{7};
  for (uintptr_t at = top - 8; at >= AddressOf(thread.frame) && top - at <= kDeepest; at -= 8)
    if (!use(reinterpret_cast<uintptr_t*>(at))) return;
}

enum class Call { kNone, kDirect, kIndirect };

// Which call it is that returns to `address`, which may be any number that lies between the first and the last segment
// of code: there are gaps.
Call CallBefore(uintptr_t address) {
#if defined(__x86_64__)
  uint8_t bytes[8];
  if (!Peek(address - sizeof bytes, bytes, sizeof bytes)) return Call::kNone;
  const uint8_t* const code = bytes + sizeof bytes;
  int32_t distance = 0;
  memcpy(&distance, code - sizeof distance, sizeof distance);
  if (code[-5] == 0xe8 && TheProgram().code.Has(address + static_cast<intptr_t>(distance))) return Call::kDirect;
  if (code[-6] == 0xff && code[-5] == 0x15) return Call::kDirect;  // through the table of a library's functions
  // ff /2, with the byte that says where the address is, and with what belongs to that.
  const auto calls = [&](int length, uint8_t mask, uint8_t where) {
    return code[-length] == 0xff && (code[1 - length] & mask) == where;
  };
  const bool is_indirect = calls(2, 0xf8, 0xd0) || calls(2, 0xf8, 0x10) || calls(3, 0xf8, 0x50) ||
                           calls(3, 0xff, 0x14) || calls(4, 0xff, 0x54) || calls(6, 0xf8, 0x90) || calls(7, 0xff, 0x94);
  return is_indirect ? Call::kIndirect : Call::kNone;
#elif defined(__aarch64__)
  uint32_t code = 0;
  if (!Peek(address - sizeof code, &code, sizeof code)) return Call::kNone;
  if (code >> 26 == 0x25) return Call::kDirect;
  return (code & 0xfffffc1f) == 0xd63f0000 ? Call::kIndirect : Call::kNone;
#endif
}

}  // namespace

void PrepareDetention() { Detention(); }

uintptr_t OutermostReturn(const Thread& thread) {
  uintptr_t found = 0;
  const Range& code = TheProgram().code;
  ForEachOnStack(thread, [&](const uintptr_t* word) {
    if (code.Has(*word) && CallBefore(*word) != Call::kNone) found = *word;
    return found == 0;
  });
  return found;
}

InHand FindInHand(const Thread& thread, const uv_loop_t* loop) {
  InHand found;
  const auto note = [&](uintptr_t address, const uv__work& work) {
    const bool under_way = IsUnderWay(address, work);
    found.under_way |= under_way;
    found.is_slow |= (under_way || work.work == nullptr) && IsSlow(address);
  };
  const auto look = [&](const uintptr_t* word) {
    ForEachRequest(*word, loop, note);
    return true;
  };
  ForEachRegister(thread, look);
  ForEachOnStack(thread, look);
  const uintptr_t last = OutermostReturn(thread);
  if (last != 0 && CallBefore(last) == Call::kDirect) found.under_way = false;
  return found;
}

void Disown(const Thread& thread, const uv_loop_t* loop) {
  const auto divert = [](uintptr_t address, const uv__work& work) {
    if (IsUnderWay(address, work)) reinterpret_cast<uv__work*>(address)->loop = Detention();
  };
  ForEachOnStack(thread, [&](const uintptr_t* word) {
    ForEachRequest(*word, loop, divert);
    return true;
  });
  ForEachRegister(thread, [&](uintptr_t* word) {
    ForEachRequest(*word, loop, divert);
    // It may have read the loop's address already.
    if (*word == AddressOf(loop)) *word = AddressOf(Detention());
    if (*word == AddressOf(&loop->wq_mutex)) *word = AddressOf(&Detention()->wq_mutex);
  });
}

}  // namespace posix_async::fork

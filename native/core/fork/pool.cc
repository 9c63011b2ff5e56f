// libuv's thread pool across a fork.
//
// The facts it rests on: the pool's condition variable is a static one of the program that libuv is linked into, so a
// thread that waits on a futex in the program's own data waits for work; it has nothing to do in the child, where
// libuv's fork handlers make the pool anew. A thread in the middle of work must go on there, for it may hold a lock,
// the allocator's for one; but when its work is done it must neither call back nor take the next request of the
// parent's: it is kept where it hands its result over (pool_request.cc). What is done already waits in loop->wq, and is
// dropped. Requests count in loop->active_reqs and would keep the child's loop alive for ever. And libuv counts the
// threads that look names up, of which it lets (threads + 1) / 2 be at it: UV_THREADPOOL_SIZE, which it reads when it
// makes the pool, makes up for those that never come back.
#include "pool.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "frame.h"
#include "peek.h"
#include "pool_request.h"
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

// Each node is a queue of its own then, so that what was dropped can be told. A thread may stand in the middle of
// putting one in: what lies there is looked at with care, and there are no more than `most`.
void EmptyQueue(void* queue, unsigned most) {
  const auto head = reinterpret_cast<uintptr_t>(queue);
  Links links;
  memcpy(&links, queue, sizeof links);
  for (uintptr_t at = head;; most--) {
    const Links empty = {at, at};
    memcpy(reinterpret_cast<void*>(at), &empty, sizeof empty);
    at = links.next;
    if (at == head || most == 0 || !Peek(at, &links, sizeof links)) return;
  }
}

// Nothing waits to be worked on.
void EmptyQueues() {
  ForEachLikelyQueue([](uintptr_t at, bool is_queue, bool*) {
    const Links empty = {at, at};
    if (is_queue) memcpy(reinterpret_cast<void*>(at), &empty, sizeof empty);
  });
}

// How many threads that were looking a name up have gone, here and in the parents before: libuv goes on counting them.
unsigned lost_lookups = 0;

// In the function that threads of the pool begin in, once one was seen.
uintptr_t pool_code = 0;
constexpr uintptr_t kMostCode = 1024;

// One that will wait where it did has nothing in hand, unless it waits for a lock.
bool MayWork(const Thread& thread) {
  if (!thread.stands_still() || thread.is_worker || thread.is_left_behind) return false;
  if (thread.is_at_rest && (thread.is_wakeable || InterruptedCall(*thread.frame) != Interrupted::kFutex)) return false;
  return pool_code == 0 || IsOfPool(thread);
}

void DisownWorkOf(Thread* thread, const uv_loop_t* loop) {
  const InHand found = FindInHand(*thread, loop);
  if (found.is_slow) lost_lookups++;
  if (found.under_way) return Disown(*thread, loop);
  // Between two requests it holds no lock but those of the pool and of the loop, which are made anew; it would wait on
  // a condition variable that is made anew under it.
  if (IsOfPool(*thread)) thread->fate = Fate::kDead;
}

constexpr int kUsualSize = 4;
constexpr int kMostThreads = 1024;

unsigned PoolSize() {
  const char* const size = getenv("UV_THREADPOOL_SIZE");
  const int wanted = size == nullptr ? kUsualSize : atoi(size);
  return static_cast<unsigned>(std::clamp(wanted, 1, kMostThreads));
}

// The environment, with another size of the pool for as long as it lives. What other threads have read of it stays.
class PoolSizeSet {
 public:
  explicit PoolSizeSet(unsigned size) : before_(environ) {
    static std::string& setting = *new std::string();
    static std::vector<char*>& all = *new std::vector<char*>();
    setting = "UV_THREADPOOL_SIZE=" + std::to_string(size);
    all = {setting.data()};
    for (char** one = before_; *one != nullptr; one++) all.push_back(*one);
    all.push_back(nullptr);
    environ = all.data();
  }
  ~PoolSizeSet() { environ = before_; }

 private:
  char** const before_;
};

// Whether who waits at that word of the program's data waits for what is the pool's: work, or the locks of its queue
// and of the loop's. Other words there are locks of V8's, for which its helpers wait.
bool IsWordOfPool(const Thread& thread, uintptr_t word, const uv_loop_t* loop) {
  const bool is_near = pool_word != 0 && word + kNeighbourhood > pool_word && word < pool_word + kNeighbourhood;
  return thread.is_wakeable || is_near || Of(loop).Has(word);
}

}  // namespace

bool IsOfPool(const Thread& thread) {
  if (thread.is_of_pool || pool_code == 0) return thread.is_of_pool;
  const uintptr_t last = OutermostReturn(thread);
  return last + kMostCode > pool_code && last < pool_code + kMostCode;
}

void RetireIdlePoolThreads(ThreadTable* table, const uv_loop_t* loop) {
  PrepareDetention();
  bool at_rest = true;
  for (Thread* thread : table->threads()) {
    const uintptr_t word = thread->stands_still() ? StaticWait(*thread) : 0;
    at_rest &= thread->is_at_rest || !thread->stands_still();
    if (word == 0 || !IsWordOfPool(*thread, word, loop)) continue;
    if (thread->is_wakeable) pool_word = word;
    if (pool_code == 0) pool_code = OutermostReturn(*thread);
    thread->is_of_pool = true;
    thread->fate = Fate::kDead;
  }
  // Where none was seen at rest, one that works tells what the others are.
  for (const Thread* thread : table->threads())
    if (pool_code == 0 && MayWork(*thread) && FindInHand(*thread, loop).under_way) pool_code = OutermostReturn(*thread);
  const uintptr_t middle = pool_word & ~uintptr_t{7};
  if (neighbours.middle != middle) {
    neighbours = {middle, {}};
    LeaveOut(loop);
  }
  if (middle != 0 && at_rest) LearnNeighbours();
}

void DisownPoolWork(ThreadTable* table, uv_loop_t* loop) {
  if (neighbours.middle != 0) EmptyQueues();
  for (Thread* thread : table->threads())
    if (MayWork(*thread)) DisownWorkOf(thread, loop);
  uv_mutex_init(&loop->wq_mutex);  // who held it does not live here
  EmptyQueue(&loop->wq, loop->active_reqs.count);
  loop->active_reqs.count = 0;
}

void MakeRoomForLookups(uv_loop_t* loop) {
  if (lost_lookups == 0) return;
  const PoolSizeSet larger(PoolSize() + 2 * lost_lookups);
  // Any request has libuv make the pool.
  const auto forget = [](uv_work_t* request, int) { delete request; };
  uv_queue_work(
      loop, new uv_work_t(), [](uv_work_t*) {}, forget);
}

}  // namespace posix_async::fork

// One io_uring in Node's event loop: what JavaScript and C++ share of it, and its life. See: core/ring.h, man 7
// io_uring
#ifndef POSIX_ASYNC_LOOP_RING_LOOP_H_
#define POSIX_ASYNC_LOOP_RING_LOOP_H_

#include <uv.h>

#include <vector>

#include "binding.h"
#include "core/ring/ring.h"
#include "enter_js.h"

namespace posix_async {

// What JavaScript and this class share, 32-bit words: a header, entries as the kernel has them, and (user_data, result,
// flags) of each completion. lib/posix/ring/queue.ts has the same numbers.
enum Header : unsigned { kEntries, kInBatch, kHeaderWords = 16 };
constexpr size_t kEntryWords = sizeof(io_uring_sqe) / sizeof(int32_t);
constexpr size_t kResultWords = 3;

class RingLoop;

// The rings of one environment.
struct Rings {
  explicit Rings(napi_env) {}
  std::vector<RingLoop*> open;
};

// Lives until libuv has closed its handle and JavaScript has dropped it. All of it runs on the thread of the
// environment that made it.
class RingLoop {
 public:
  explicit RingLoop(Napi::Env env) : env_(env) {}

  // `batch` is called with the number of completions in `words`. 0 or -errno.
  int Open(const RingOptions& options, Napi::Object words, napi_value batch);
  // How many entries the kernel has not taken yet, for want of memory or of room for completions.
  int Submit(unsigned count);
  // Waits until the kernel has let go of what is in flight; where it does not, the memory of that stays.
  void Shut();
  // In the child of a fork.
  void Forget();
  void Release();

  bool open() const { return open_; }
  const Ring& core() const { return ring_; }

 private:
  void Take(unsigned count);
  void TakeAll();
  unsigned Collect();
  void Deliver();
  void Enter(unsigned count);
  void KeepAlive();
  void CancelAll();
  void Cancel();
  void AwaitEvent(int milliseconds);
  void CloseHandle();
  static void OnTeardown(napi_async_cleanup_hook_handle, void* self);

  const Napi::Env env_;
  Ring ring_;
  UniqueFd event_;
  uv_poll_t poll_;
  napi_async_cleanup_hook_handle teardown_ = nullptr;
  EnterJs batch_;
  Napi::ObjectReference words_;  // keeps the memory below
  int32_t *header_ = nullptr, *entries_ = nullptr, *results_ = nullptr;
  unsigned most_results_ = 0;
  unsigned in_flight_ = 0;
  bool open_ = false, kept_alive_ = true;
  int owners_ = 0;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_RING_LOOP_H_

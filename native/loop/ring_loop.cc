// Completions of a ring come back by an eventfd that libuv watches, one entry into JavaScript a batch. See: ring_loop.h
#include "ring_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/deadline.h"
#include "core/ring/ring_prepare.h"
#include "env_data.h"
#include "pinned_memory.h"

namespace posix_async {
namespace {

constexpr unsigned kMostATurn = 1024;        // completions, those that follow on others too, before the loop goes round
constexpr unsigned kLeastBatch = 4;          // completions an entry into JavaScript, where there are as many ...
constexpr unsigned kPartsInFlight = 8;       // ... or such a part of what is in flight, where that is more
constexpr int kTeardownMilliseconds = 2000;  // for what is in flight when its environment ends
constexpr int kCancelAgainMilliseconds = 50;
constexpr uint64_t kNobody = ~uint64_t{0} - 1;  // user_data of a request of this file

}  // namespace

int RingLoop::Open(const RingOptions& options, Napi::Object words, napi_value batch) {
  const Bytes memory = ToBytes(env_, words);
  const size_t needed = kHeaderWords + options.entries * kEntryWords + kResultWords;
  if (memory.size / sizeof(int32_t) < needed) return -EFAULT;
  event_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_.valid()) return -errno;
  int error = ring_.Open(options);
  if (!error) error = ring_.RegisterEventFd(event_.get());
  if (error) return error;
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env_, &loop);
  error = uv_poll_init(loop, &poll_, event_.get());
  if (error) return error;
  header_ = reinterpret_cast<int32_t*>(memory.data);
  entries_ = header_ + kHeaderWords;
  results_ = entries_ + options.entries * kEntryWords;
  most_results_ = static_cast<unsigned>((memory.size / sizeof(int32_t) - (results_ - header_)) / kResultWords);
  words_ = Napi::Persistent(words);
  batch_.Open(env_, batch, "posix-async:io_uring");
  poll_.data = this;
  owners_ = 2;
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<RingLoop*>(poll->data)->Deliver(); });
  napi_add_async_cleanup_hook(env_, &OnTeardown, this, &teardown_);
  EnvData<Rings>(env_).open.push_back(this);
  open_ = true;
  KeepAlive();
  return 0;
}

// The first `count` entries go to the kernel's queue, which has room for them.
void RingLoop::Take(unsigned count) {
  for (unsigned i = 0; i < count; i++) memcpy(ring_.Next(), entries_ + i * kEntryWords, sizeof(io_uring_sqe));
  in_flight_ += count;
}

// What JavaScript wrote in a batch, in one piece, because what is linked stays together; later where there is no room.
void RingLoop::TakeAll() {
  const auto count = static_cast<unsigned>(header_[kEntries]);
  if (count > ring_.room()) ring_.Submit();
  if (count > ring_.room()) return;
  Take(count);
  header_[kEntries] = 0;
}

int RingLoop::Submit(unsigned count) {
  if (count > ring_.room()) return -EBUSY;
  Take(count);
  ring_.Submit();
  KeepAlive();
  return static_cast<int>(ring_.prepared());
}

// A part of what is there, so that what follows on it is under way while the rest is looked at: a device that is given
// its next work only when all of the last was dealt with stands idle meanwhile.
unsigned RingLoop::Collect() {
  ring_.Submit();
  int32_t* to = results_;
  const unsigned most = std::min(std::max(kLeastBatch, in_flight_ / kPartsInFlight), most_results_);
  return ring_.Drain(
      [&](const io_uring_cqe& completion) {
        *to++ = static_cast<int32_t>(completion.user_data);
        *to++ = completion.res;
        *to++ = static_cast<int32_t>(completion.flags);
        if (!(completion.flags & IORING_CQE_F_MORE)) in_flight_--;
      },
      most);
}

void RingLoop::Deliver() {
  uint64_t told;
  Result([&] { return read(event_.get(), &told, sizeof told); });
  for (unsigned delivered = 0; delivered < kMostATurn;) {
    const unsigned count = Collect();
    delivered += std::max(count, 1u);
    if (count) Enter(count);
    if (!open_) return;
    if (!count && !ring_.behind()) return KeepAlive();
    TakeAll();
  }
  ring_.Submit();
  KeepAlive();
  if (ring_.ready() || ring_.behind() || header_[kEntries]) eventfd_write(event_.get(), 1);
}

void RingLoop::Enter(unsigned count) {
  Napi::HandleScope scope(env_);
  header_[kInBatch] = 1;
  batch_.Call({NumberOf(env_, count)});
  if (open_) header_[kInBatch] = 0;  // else in the child of a fork in there, or closed in there
}

void RingLoop::KeepAlive() {
  const bool wanted = in_flight_ > 0;
  if (wanted == kept_alive_) return;
  kept_alive_ = wanted;
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  wanted ? uv_ref(handle) : uv_unref(handle);
}

// The memory of what is in flight is about to go: waits until the kernel has let go of it, by the clock and not by the
// ring, which may be what hangs. What cannot be given up (a disk is at it) is waited for as long as it uses the heap's
// memory, which cannot be kept; any other memory is kept for good when that takes too long.
void RingLoop::CancelAll() {
  Deadline limit(kTeardownMilliseconds);
  while (in_flight_) {
    if (limit.LeftMilliseconds() <= 0 && !HeapIsInUse(env_)) return KeepPinnedMemoryForGood();
    Cancel();
  }
}

// Asks for the end of everything, and waits a moment for it.
void RingLoop::Cancel() {
  if (io_uring_sqe* entry = ring_.Next()) {
    Prepare(entry, IORING_OP_ASYNC_CANCEL, -1, nullptr, 0, 0, kNobody);
    entry->cancel_flags = kCancelAny | kCancelAll;
    in_flight_++;
  }
  Deadline round(kCancelAgainMilliseconds);
  while (in_flight_ && round.LeftMilliseconds() > 0) {
    ring_.Submit();
    ring_.Drain([&](const io_uring_cqe& completion) { in_flight_ -= !(completion.flags & IORING_CQE_F_MORE); });
    if (in_flight_) AwaitEvent(round.LeftMilliseconds());
  }
}

void RingLoop::AwaitEvent(int milliseconds) {
  uint64_t told;
  pollfd polled{event_.get(), POLLIN, 0};
  if (poll(&polled, 1, milliseconds) > 0) Result([&] { return read(event_.get(), &told, sizeof told); });
}

void RingLoop::Shut() {
  if (!open_) return;
  CancelAll();
  CloseHandle();
  ring_.Close();
  event_.Reset();
}

void RingLoop::Forget() {
  CloseHandle();
  ring_.Forget();
  event_.Reset();
}

void RingLoop::CloseHandle() {
  open_ = false;
  auto& all = EnvData<Rings>(env_).open;
  all.erase(std::remove(all.begin(), all.end(), this), all.end());
  batch_.Close();
  words_.Reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto* self = static_cast<RingLoop*>(handle->data);
    napi_remove_async_cleanup_hook(self->teardown_);
    self->Release();
  });
}

// The environment ends (a Worker's too), and waits until the handle is closed.
void RingLoop::OnTeardown(napi_async_cleanup_hook_handle, void* self) { static_cast<RingLoop*>(self)->Shut(); }

void RingLoop::Release() {
  if (--owners_ == 0) delete this;
}

}  // namespace posix_async

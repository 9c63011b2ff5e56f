// io_uring in Node's event loop: JavaScript writes entries into memory of its own, one call hands over many, and an
// eventfd that libuv watches brings their completions back, one entry into JavaScript a batch. All of it runs on the
// thread of the environment that made the ring. See: core/ring.h, man 7 io_uring
#include "io_uring.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <uv.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "binding.h"
#include "core/ring.h"
#include "core/ring_prepare.h"
#include "env_data.h"

namespace posix_async {
namespace {

// What JavaScript and this file share, 32-bit words: a header, entries as the kernel has them, and (user_data, result,
// flags) of each completion. lib/posix/ring-queue.ts has the same numbers.
enum Header : unsigned { kEntries, kInBatch, kHeaderWords = 16 };
constexpr size_t kEntryWords = sizeof(io_uring_sqe) / sizeof(int32_t);
constexpr size_t kResultWords = 3;

constexpr unsigned kMostATurn = 1024;        // completions, those that follow on others too, before the loop goes round
constexpr unsigned kLeastBatch = 4;          // completions an entry into JavaScript, where there are as many ...
constexpr unsigned kPartsInFlight = 8;       // ... or such a part of what is in flight, where that is more
constexpr int kTeardownMilliseconds = 2000;  // for what is in flight when its environment ends
constexpr uint64_t kNobody = ~uint64_t{0} - 1;  // user_data of a request of this file

class RingLoop;

// The rings of one environment.
struct Rings {
  explicit Rings(napi_env) {}
  std::vector<RingLoop*> open;
};

// Lives until libuv has closed its handle and JavaScript has dropped it.
class RingLoop {
 public:
  explicit RingLoop(Napi::Env env) : env_(env) {}

  int Open(const RingOptions& options, Napi::Object words, Napi::Function batch);
  int Submit(unsigned count);
  void Shut();
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
  void CloseHandle();
  static void OnTeardown(napi_async_cleanup_hook_handle, void* self);

  const Napi::Env env_;
  Ring ring_;
  UniqueFd event_;
  uv_poll_t poll_;
  napi_async_cleanup_hook_handle teardown_ = nullptr;
  Napi::FunctionReference batch_;
  Napi::ObjectReference words_;  // keeps the memory below
  int32_t *header_ = nullptr, *entries_ = nullptr, *results_ = nullptr;
  unsigned most_results_ = 0;
  std::optional<Napi::AsyncContext> context_;
  unsigned in_flight_ = 0;
  bool open_ = false, running_ = false, kept_alive_ = true;
  int owners_ = 0;
};

int RingLoop::Open(const RingOptions& options, Napi::Object words, Napi::Function batch) {
  event_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_.valid()) return -errno;
  int error = ring_.Open(options);
  if (!error) error = ring_.RegisterEventFd(event_.get());
  if (error) return error;
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env_, &loop);
  error = uv_poll_init(loop, &poll_, event_.get());
  if (error) return error;
  const Bytes memory = ToBytes(words);
  header_ = reinterpret_cast<int32_t*>(memory.data);
  entries_ = header_ + kHeaderWords;
  results_ = entries_ + options.entries * kEntryWords;
  most_results_ = static_cast<unsigned>((memory.size / sizeof(int32_t) - (results_ - header_)) / kResultWords);
  words_ = Napi::Persistent(words);
  batch_ = Napi::Persistent(batch);
  context_.emplace(env_, "posix-async:io_uring");
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

// How many entries the kernel has not taken yet, for want of memory or of room for completions.
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

// What is thrown out of the callback becomes an uncaughtException, as it does out of any callback of Node's own.
// Plain Node-API: a Worker that is being terminated refuses each of these calls, which node-addon-api would abort for.
void RingLoop::Enter(unsigned count) {
  Napi::HandleScope scope(env_);
  napi_value argument = nullptr, result = nullptr, error = nullptr;
  napi_create_uint32(env_, count, &argument);
  header_[kInBatch] = 1;
  running_ = true;
  napi_make_callback(env_, *context_, env_.Global(), batch_.Value(), 1, &argument, &result);
  running_ = false;
  if (!open_) return;  // in the child of a fork in there, or closed in there
  header_[kInBatch] = 0;
  bool thrown = false;
  if (napi_is_exception_pending(env_, &thrown) != napi_ok || !thrown) return;
  if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) napi_fatal_exception(env_, error);
}

void RingLoop::KeepAlive() {
  const bool wanted = in_flight_ > 0;
  if (wanted == kept_alive_) return;
  kept_alive_ = wanted;
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  wanted ? uv_ref(handle) : uv_unref(handle);
}

// The memory of what is in flight is about to go: waits until the kernel has let go of it.
void RingLoop::CancelAll() {
  __kernel_timespec limit{0, 50'000'000};
  for (int waited = 0; in_flight_ && waited < kTeardownMilliseconds; waited += 50) {
    io_uring_sqe* entries[2] = {ring_.Next(), ring_.Next()};
    if (entries[1]) {
      Prepare(entries[0], IORING_OP_ASYNC_CANCEL, -1, nullptr, 0, 0, kNobody);
      entries[0]->cancel_flags = kCancelAny | kCancelAll;
      Prepare(entries[1], IORING_OP_TIMEOUT, -1, &limit, 1, 1, kNobody);
      in_flight_ += 2;
    }
    ring_.Submit(2);
    ring_.Drain([&](const io_uring_cqe& completion) { in_flight_ -= !(completion.flags & IORING_CQE_F_MORE); });
  }
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
  batch_.Reset();
  words_.Reset();
  if (!running_) context_.reset();
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

// ---- what JavaScript calls

using Handle = Napi::External<RingLoop>;

// The ring, or a negative errno.
Napi::Value Create(Napi::Env env, unsigned entries, unsigned completions, Napi::Object words, Napi::Function batch) {
  auto loop = std::make_unique<RingLoop>(env);
  if (const int error = loop->Open({entries, completions}, words, batch)) return Napi::Number::New(env, error);
  return Handle::New(env, loop.release(), [](Napi::Env, RingLoop* ring) { ring->Release(); });
}

int Submit(Handle handle, unsigned count) { return handle.Data()->open() ? handle.Data()->Submit(count) : -EBADF; }

void Close(Handle handle) { handle.Data()->Shut(); }

// io_uring_register(2) with an argument in pinned memory.
int Register(Handle handle, unsigned operation, double address, unsigned count) {
  if (!handle.Data()->open()) return -EBADF;
  return handle.Data()->core().Register(operation, reinterpret_cast<void*>(static_cast<uintptr_t>(address)), count);
}

// One byte an operation: whether the kernel has it.
int Probe(Handle handle, Bytes can) {
  if (!handle.Data()->open()) return -EBADF;
  RingProbe probe;
  const int error = probe.Ask(handle.Data()->core());
  for (size_t i = 0; i < can.size && i < sizeof probe.can; i++) can.data[i] = probe.can[i];
  return error;
}

}  // namespace

void ForgetRingsAfterFork(napi_env env) {
  auto forgotten = EnvData<Rings>(env).open;
  for (RingLoop* ring : forgotten) ring->Forget();
}

void RegisterIoUring(Exports& exports) {
  exports.Function<&Create>("ringCreate");
  exports.Function<&Submit>("ringSubmit");
  exports.Function<&Close>("ringClose");
  exports.Function<&Register>("ringRegister");
  exports.Function<&Probe>("ringProbe");

  POSIX_ASYNC_CONSTANT(exports, AT_EMPTY_PATH);
  POSIX_ASYNC_CONSTANT(exports, AT_FDCWD);
  POSIX_ASYNC_CONSTANT(exports, AT_SYMLINK_NOFOLLOW);
  POSIX_ASYNC_CONSTANT(exports, STATX_BASIC_STATS);
  POSIX_ASYNC_CONSTANT(exports, STATX_BTIME);
  POSIX_ASYNC_CONSTANT(exports, IORING_CQE_F_BUFFER);
  POSIX_ASYNC_CONSTANT(exports, IORING_CQE_F_MORE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_ACCEPT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_ASYNC_CANCEL);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_CLOSE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_CONNECT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_FSYNC);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_LINK_TIMEOUT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_NOP);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_OPENAT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_POLL_ADD);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_READ);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_READV);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_READ_FIXED);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_RECV);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SEND);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SENDMSG);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SHUTDOWN);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SPLICE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_STATX);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_TIMEOUT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_WRITE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_WRITEV);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_WRITE_FIXED);
  POSIX_ASYNC_CONSTANT(exports, IORING_REGISTER_BUFFERS);
  POSIX_ASYNC_CONSTANT(exports, IORING_REGISTER_FILES);
  POSIX_ASYNC_CONSTANT(exports, IORING_TIMEOUT_ABS);
  POSIX_ASYNC_CONSTANT(exports, IORING_UNREGISTER_BUFFERS);
  POSIX_ASYNC_CONSTANT(exports, IORING_UNREGISTER_FILES);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_BUFFER_SELECT);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_FIXED_FILE);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_IO_DRAIN);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_IO_HARDLINK);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_IO_LINK);
  exports.Constant("IORING_ACCEPT_MULTISHOT", kAcceptMultishot);
  exports.Constant("IORING_RECV_MULTISHOT", kRecvMultishot);
  exports.Constant("IORING_REGISTER_PBUF_RING", kRegisterBufferRing);
  exports.Constant("IORING_UNREGISTER_PBUF_RING", kUnregisterBufferRing);
}

}  // namespace posix_async

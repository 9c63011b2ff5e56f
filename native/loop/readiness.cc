// Readiness for everything asynchronous: one private epoll instance an environment, watched by Node's own loop, which
// enters JavaScript once a batch of ready descriptors and not once a descriptor. See: man 7 epoll.
#include "readiness.h"

#include <sys/epoll.h>
#include <uv.h>

#include <unordered_map>

#include "after_fork.h"
#include "binding.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "enter_js.h"
#include "env_data.h"

namespace posix_async {
namespace {

uv_loop_t* LoopOf(napi_env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

// The loop's handle on the epoll instance. It outlives its owner until libuv has closed it.
struct LoopHandle {
  uv_poll_t poll;
  napi_async_cleanup_hook_handle cleanup = nullptr;
};

class Readiness {
 public:
  explicit Readiness(napi_env env) : env_(env) {}

  // `pairs` is an Int32Array that takes (id, revents) of each ready registration; `callback(count)` is then called
  // once.
  int Open(Napi::Object pairs, napi_value callback);
  // epoll_ctl(2), with `id` as what is reported.
  int Control(int operation, int fd, unsigned events, unsigned id);
  // Whether the loop stays alive for the sake of what is watched.
  void KeepAlive(bool wanted);
  // A new instance in the place of the present one, with those who wait natively and nobody else.
  int Renew();
  // In a child: native waits are the parent's. A new instance is made at the next wait.
  void Forget();
  int Wait(int fd, unsigned events, NativeWaiter* waiter);
  void StopWaiting(int fd);

 private:
  struct NativeWait {
    unsigned events;
    NativeWaiter* waiter;
  };

  // What the kernel reports of a native wait: this bit, and the descriptor.
  static constexpr uint64_t kNative = 1ull << 63;

  int Start();
  int StartIfForgotten() { return opened_ && !epoll_.valid() ? Start() : 0; }
  int Add(int fd, unsigned events);
  void Stop(napi_async_cleanup_hook_handle cleanup = nullptr);
  void Deliver();
  static void OnReady(uv_poll_t* poll, int status, int events);
  static void OnCleanup(napi_async_cleanup_hook_handle cleanup, void* readiness);
  static void OnClosed(uv_handle_t* handle);

  const napi_env env_;
  UniqueFd epoll_;
  LoopHandle* handle_ = nullptr;
  bool keep_alive_ = false;
  EnterJs callback_;
  Napi::ObjectReference pairs_;  // keeps the memory below
  Bytes memory_;
  std::unordered_map<int, NativeWait> native_;
  bool opened_ = false;
};

int Readiness::Open(Napi::Object pairs, napi_value callback) {
  memory_ = ToBytes(env_, pairs);
  if (memory_.size < 2 * sizeof(uint32_t)) return -EFAULT;
  if (const int error = Start(); error < 0) return error;
  callback_.Open(env_, callback, "posix-async:readiness");
  pairs_ = Napi::Persistent(pairs);
  opened_ = true;
  napi_add_async_cleanup_hook(env_, &OnCleanup, this, nullptr);
  return 0;
}

int Readiness::Control(int operation, int fd, unsigned events, unsigned id) {
  if (const int error = StartIfForgotten(); error < 0) return error;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return Result([&] { return epoll_ctl(epoll_.get(), operation, fd, &event); });
}

void Readiness::KeepAlive(bool wanted) {
  keep_alive_ = wanted;
  if (wanted) StartIfForgotten();
  if (handle_ == nullptr) return;
  const auto handle = reinterpret_cast<uv_handle_t*>(&handle_->poll);
  wanted ? uv_ref(handle) : uv_unref(handle);
}

int Readiness::Renew() {
  if (!opened_) return 0;
  Stop();
  int error = Start();
  for (const auto& [fd, wait] : native_)
    if (error == 0) error = Add(fd, wait.events);
  return error;
}

void Readiness::Forget() {
  native_.clear();
  Stop();
}

int Readiness::Wait(int fd, unsigned events, NativeWaiter* waiter) {
  const int error = Add(fd, events);
  if (error == 0) native_[fd] = {events, waiter};
  return error;
}

int Readiness::Add(int fd, unsigned events) {
  if (const int error = StartIfForgotten(); error < 0) return error;
  epoll_event event{};
  event.events = events;
  event.data.u64 = kNative | static_cast<unsigned>(fd);
  const int error = Result([&] { return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event); });
  // It is there still where the kernel refused to take it out.
  if (error != -EEXIST) return error;
  return Result([&] { return epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event); });
}

void Readiness::StopWaiting(int fd) {
  if (native_.erase(fd) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

int Readiness::Start() {
  uv_loop_t* loop = LoopOf(env_);
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return -errno;
  auto handle = new LoopHandle();
  if (const int error = uv_poll_init(loop, &handle->poll, epoll_.get()); error < 0) {
    delete handle;
    epoll_.Reset();
    return error;
  }
  handle_ = handle;
  handle_->poll.data = this;
  KeepAlive(keep_alive_);
  return uv_poll_start(&handle_->poll, UV_READABLE, &OnReady);
}

// libuv lets go of the number at once, so it may be closed before the handle is.
void Readiness::Stop(napi_async_cleanup_hook_handle cleanup) {
  if (handle_ != nullptr) {
    handle_->cleanup = cleanup;
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(handle_, nullptr)), &OnClosed);
  } else if (cleanup != nullptr) {
    napi_remove_async_cleanup_hook(cleanup);
  }
  epoll_.Reset();
}

void Readiness::Deliver() {
  constexpr int kMost = 1024;
  epoll_event ready[kMost];
  const int room = static_cast<int>(memory_.size / (2 * sizeof(uint32_t)));
  const int count = epoll_wait(epoll_.get(), ready, room < kMost ? room : kMost, 0);
  if (count <= 0) return;
  const auto pairs = reinterpret_cast<uint32_t*>(memory_.data);
  int told = 0;
  for (int i = 0; i < count; i++) {
    if (ready[i].data.u64 & kNative) continue;
    pairs[2 * told] = ready[i].data.u32;
    pairs[2 * told + 1] = ready[i].events;
    told++;
  }
  if (told > 0) {
    Napi::HandleScope scope(env_);
    callback_.Call({NumberOf(env_, told)});
  }
  for (int i = 0; i < count; i++) {
    if ((ready[i].data.u64 & kNative) == 0) continue;
    const auto fd = static_cast<int>(ready[i].data.u32);
    const auto found = native_.find(fd);
    if (found != native_.end()) found->second.waiter->OnReady(fd);
  }
}

void Readiness::OnReady(uv_poll_t* poll, int status, int) {
  if (status == 0) static_cast<Readiness*>(poll->data)->Deliver();
}

// The environment ends (a Worker's too) and waits until the handle is closed.
void Readiness::OnCleanup(napi_async_cleanup_hook_handle cleanup, void* data) {
  const auto readiness = static_cast<Readiness*>(data);
  readiness->callback_.Close();
  readiness->pairs_.Reset();
  readiness->opened_ = false;
  readiness->Stop(cleanup);
}

void Readiness::OnClosed(uv_handle_t* handle) {
  const auto closed = reinterpret_cast<LoopHandle*>(handle);
  if (closed->cleanup != nullptr) napi_remove_async_cleanup_hook(closed->cleanup);
  delete closed;
}

int ReadinessOpen(Napi::Env env, Napi::Object pairs, Napi::Function callback) {
  return EnvData<Readiness>(env).Open(pairs, callback);
}

int ReadinessControl(Napi::Env env, int operation, int fd, unsigned events, unsigned id) {
  return EnvData<Readiness>(env).Control(operation, fd, events, id);
}

void ReadinessKeepAlive(Napi::Env env, bool wanted) { EnvData<Readiness>(env).KeepAlive(wanted); }

int ReadinessRenew(Napi::Env env) { return EnvData<Readiness>(env).Renew(); }

// The descriptor of the loop itself, which is readable while the loop has something to deliver: it must turn then.
int LoopDescriptor(Napi::Env env) { return uv_backend_fd(LoopOf(env)); }

// Whether anything is under way that the loop would wait for.
bool LoopIsAlive(Napi::Env env) { return uv_loop_alive(LoopOf(env)) != 0; }

// The epoll instance is one with the parent's, so the child closes it; an empty one takes its place at the next wait.
// JavaScript then calls forgetWatches() or renewWatches() of lib/posix/event-loop/epoll-registry.ts. Nothing happens
// where no instance was made yet.
const AfterFork after_fork(ChildStep::kReadiness, [](napi_env env) {
  if (Readiness* readiness = FindEnvData<Readiness>(env)) readiness->Forget();
});

}  // namespace

int WaitNatively(napi_env env, int fd, unsigned events, NativeWaiter* waiter) {
  return EnvData<Readiness>(env).Wait(fd, events, waiter);
}

void StopWaiting(napi_env env, int fd) { EnvData<Readiness>(env).StopWaiting(fd); }

void RegisterReadiness(Exports& exports) {
  exports.Function<&ReadinessOpen>("readinessOpen");
  exports.Function<&ReadinessControl>("readinessControl");
  exports.Function<&ReadinessKeepAlive>("readinessKeepAlive");
  exports.Function<&ReadinessRenew>("readinessRenew");
  exports.Function<&LoopDescriptor>("loopDescriptor");
  exports.Function<&LoopIsAlive>("loopIsAlive");
}

}  // namespace posix_async

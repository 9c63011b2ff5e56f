// The reactor in Node's event loop: libuv watches the one descriptor that shows readiness, each batch enters JavaScript
// once. All of it runs on the thread of the environment that made the reactor. See: core/reactor/reactor.h
#include "core/reactor/reactor.h"

#include <arpa/inet.h>
#include <uv.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "binding.h"
#include "core/handlers/handler.h"
#include "env_data.h"
#include "reactor.h"

namespace posix_async {
namespace {

class Loop;

// The reactors of one environment.
struct Loops {
  explicit Loops(napi_env) {}
  std::vector<Loop*> open;
};

// Lives until its libuv handles are closed and JavaScript has dropped both it and the memory that it shares.
class Loop {
 public:
  Loop(Napi::Env env, std::unique_ptr<Backend> backend, const ReactorOptions& options)
      : env_(env), core_(std::move(backend), options) {}

  int Open(Napi::Function batch);
  void Run();
  void Flush();
  void Shut();
  // In the child of a fork, when the loop is the child's own: see reactor.h.
  void Forget();
  void KeepAlive(bool wanted);
  // What is left to be told, or is due later, is seen to by libuv.
  void Arm();
  Napi::Value Expose();

  bool open() const { return open_; }
  uint64_t Now() const { return uv_now(uv_); }
  Reactor& core() { return core_; }

 private:
  void Enter();
  void CloseHandles();
  Napi::Value Share(void* memory, size_t size);
  void Release();
  static void OnTimer(uv_timer_t* timer);
  static void OnClosed(uv_handle_t* handle);
  static void OnTeardown(napi_async_cleanup_hook_handle, void* self);

  template <typename Handle>
  static Loop* Of(Handle* handle) {
    return static_cast<Loop*>(handle->data);
  }

  const Napi::Env env_;
  Reactor core_;
  Napi::FunctionReference batch_;
  std::optional<Napi::AsyncContext> context_;
  uv_loop_t* uv_ = nullptr;
  uv_poll_t poll_;
  uv_idle_t idle_;
  uv_timer_t timer_;
  napi_async_cleanup_hook_handle teardown_ = nullptr;
  uint64_t armed_for_ = 0;
  int owners_ = 0;  // the libuv handles, JavaScript's handle, its two views of the memory
  int handles_ = 0;
  bool open_ = false;
  bool running_ = false;
  bool shut_later_ = false;
};

int Loop::Open(Napi::Function batch) {
  if (const int error = core_.Open()) return error;
  napi_get_uv_event_loop(env_, &uv_);
  if (const int error = uv_poll_init(uv_, &poll_, core_.wake_fd())) return error;
  uv_idle_init(uv_, &idle_);
  uv_timer_init(uv_, &timer_);
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  poll_.data = idle_.data = timer_.data = this;
  owners_ = handles_ = 3;
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { Of(poll)->Run(); });
  napi_add_async_cleanup_hook(env_, &OnTeardown, this, &teardown_);
  batch_ = Napi::Persistent(batch);
  context_.emplace(env_, "posix-async:reactor");
  EnvData<Loops>(env_).open.push_back(this);
  open_ = true;
  return 0;
}

void Loop::Run() {
  if (!open_ || running_) return;
  running_ = true;
  core_.Collect(Now());
  if (core_.control()->records) Enter();
  running_ = false;
  if (!open_) return;
  core_.Settle(Now());
  if (shut_later_) return Shut();
  Arm();
}

// What callbacks throw is caught in JavaScript; anything else becomes an uncaughtException, as out of Node's own
// callbacks.
void Loop::Enter() {
  Napi::HandleScope scope(env_);
  core_.control()->in_batch = 1;
  batch_.MakeCallback(env_.Global(), std::initializer_list<napi_value>{}, *context_);
  core_.control()->in_batch = 0;
  napi_value error = nullptr;
  if (env_.IsExceptionPending() && napi_get_and_clear_last_exception(env_, &error) == napi_ok) {
    napi_fatal_exception(env_, error);
  }
}

void Loop::Flush() {
  if (!open_) {
    core_.control()->operations = core_.control()->out_used = 0;
    return;
  }
  core_.Flush(Now());
  if (!running_) Arm();
}

void Loop::Arm() {
  if (!core_.pending()) {
    uv_idle_stop(&idle_);
  } else {
    uv_idle_start(&idle_, [](uv_idle_t* idle) { Of(idle)->Run(); });  // nothing where it is started already
  }
  const uint64_t deadline = core_.deadline();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  if (!deadline) {
    uv_timer_stop(&timer_);
  } else {
    uv_timer_start(&timer_, &OnTimer, deadline > Now() ? deadline - Now() : 0, 0);
  }
}

void Loop::OnTimer(uv_timer_t* timer) {
  Loop* self = Of(timer);
  self->armed_for_ = 0;
  self->core_.Expire(self->Now());
  self->Arm();
}

void Loop::KeepAlive(bool wanted) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  if (open_) wanted ? uv_ref(handle) : uv_unref(handle);
}

void Loop::Shut() {
  if (!open_) return;
  shut_later_ = running_;
  if (running_) return;
  CloseHandles();
  core_.Close();
}

void Loop::Forget() {
  CloseHandles();
  core_.Forget();
}

void Loop::CloseHandles() {
  open_ = false;
  auto& all = EnvData<Loops>(env_).open;
  all.erase(std::remove(all.begin(), all.end(), this), all.end());
  batch_.Reset();
  if (!running_) context_.reset();  // of a fork in a callback
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), &OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), &OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), &OnClosed);
}

void Loop::OnClosed(uv_handle_t* handle) {
  Loop* self = Of(handle);
  if (--self->handles_ == 0) napi_remove_async_cleanup_hook(self->teardown_);
  self->Release();
}

// The environment ends (a Worker's too), and waits until the handles are closed.
void Loop::OnTeardown(napi_async_cleanup_hook_handle, void* self) {
  auto* loop = static_cast<Loop*>(self);
  loop->running_ = false;
  if (!loop->open_) return;
  loop->core_.CloseListeners();
  loop->Shut();
}

Napi::Value Loop::Share(void* memory, size_t size) {
  owners_++;
  return Napi::ArrayBuffer::New(env_, memory, size, [this](Napi::Env, void*) { Release(); });
}

Napi::Value Loop::Expose() {
  Napi::Object object = Napi::Object::New(env_);
  owners_++;
  object.Set("handle", Napi::External<Loop>::New(env_, this, [](Napi::Env, Loop* loop) { loop->Release(); }));
  object.Set("control", Share(core_.control(), core_.control_size()));
  object.Set("data", Share(core_.data(), kDataSize));
  return object;
}

void Loop::Release() {
  if (--owners_ == 0) delete this;
}

// ---- what JavaScript calls

using Handle = Napi::External<Loop>;

std::unique_ptr<Backend> MakeBackend(const std::string& name, bool edge_triggered) {
  if (name == "poll") return MakePoll();
  if (name == "select") return MakeSelect();
  if (name == "io_uring") return MakeIoUring();
  return MakeEpoll(edge_triggered);
}

// `handler` is the number of a native handler at work, or -1. Gives { handle, control, data } or -errno.
Napi::Value Create(Napi::Env env, std::string backend, bool edge_triggered, unsigned most_connections,
                   unsigned idle_timeout, double high_water_mark, int handler, Napi::Function batch) {
  ReactorOptions options;
  options.edge_triggered = edge_triggered;
  options.most_connections = most_connections;
  options.idle_timeout = idle_timeout;
  options.high_water_mark = handler < 0 ? static_cast<size_t>(high_water_mark) : 1;
  options.handler = handler < 0 ? nullptr : Running().Get(handler);
  auto loop = std::make_unique<Loop>(env, MakeBackend(backend, edge_triggered), options);
  if (const int error = loop->Open(batch)) return ToJs(env, error);
  return loop.release()->Expose();
}

int Listen(Handle handle, int fd) { return handle.Data()->open() ? handle.Data()->core().Listen(fd) : -EBADF; }

void Unlisten(Handle handle, int fd) {
  if (handle.Data()->open()) handle.Data()->core().Unlisten(fd);
}

void Flush(Handle handle) { handle.Data()->Flush(); }

int64_t Write(Handle handle, int slot, Bytes bytes) {
  Loop* loop = handle.Data();
  if (!loop->open()) return -EPIPE;
  const int64_t queued = loop->core().Write(slot, bytes.data, bytes.size, loop->Now());
  loop->Arm();
  return queued;
}

int Detach(Handle handle, int slot) {
  Loop* loop = handle.Data();
  if (!loop->open()) return -EBADF;
  const int fd = loop->core().Detach(slot, loop->Now());
  loop->Arm();
  return fd;
}

// What had been received for the connection that was detached last.
Napi::Value Leftover(Napi::Env env, Handle handle) {
  const ByteQueue& bytes = handle.Data()->core().leftover();
  if (!bytes.size()) return env.Undefined();
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

void DestroyAll(Handle handle) {
  if (!handle.Data()->open()) return;
  handle.Data()->core().DestroyAll(handle.Data()->Now());
  handle.Data()->Arm();
}

int DescriptorOf(Handle handle, int slot) {
  return handle.Data()->open() ? handle.Data()->core().DescriptorOf(slot) : -1;
}

// "port address" of the client; "" where it has none.
std::string PeerOf(Handle handle, int slot) {
  const Peer* peer = handle.Data()->open() ? handle.Data()->core().PeerOf(slot) : nullptr;
  char text[INET6_ADDRSTRLEN] = "";
  if (!peer || (peer->family != AF_INET && peer->family != AF_INET6)) return "";
  inet_ntop(peer->family, peer->address, text, sizeof text);
  return std::to_string(peer->port) + " " + text;
}

void KeepAlive(Handle handle, bool wanted) { handle.Data()->KeepAlive(wanted); }

void Close(Handle handle) { handle.Data()->Shut(); }

}  // namespace

void ForgetReactorsAfterFork(napi_env env) {
  const Loops* loops = FindEnvData<Loops>(env);
  if (loops == nullptr) return;
  auto forgotten = loops->open;
  for (Loop* loop : forgotten) loop->Forget();
}

void RegisterReactor(Exports& exports) {
  exports.Function<&Create>("reactorCreate");
  exports.Function<&Listen>("reactorListen");
  exports.Function<&Unlisten>("reactorUnlisten");
  exports.Function<&Flush>("reactorFlush");
  exports.Function<&Write>("reactorWrite");
  exports.Function<&Detach>("reactorDetach");
  exports.Function<&Leftover>("reactorLeftover");
  exports.Function<&DestroyAll>("reactorDestroyAll");
  exports.Function<&DescriptorOf>("reactorDescriptor");
  exports.Function<&PeerOf>("reactorPeer");
  exports.Function<&KeepAlive>("reactorKeepAlive");
  exports.Function<&Close>("reactorClose");
}

}  // namespace posix_async

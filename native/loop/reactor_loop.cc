// Waiting, entering JavaScript and ending, by libuv's handles. See reactor_loop.h.
#include "reactor_loop.h"

#include <algorithm>
#include <vector>

#include "env_data.h"
#include "reactor.h"

namespace posix_async {
namespace {

// The reactors of one environment.
struct Loops {
  explicit Loops(napi_env) {}
  std::vector<ReactorLoop*> open;
};

}  // namespace

int ReactorLoop::Open(Napi::Function batch) {
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

void ReactorLoop::Run() {
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
void ReactorLoop::Enter() {
  Napi::HandleScope scope(env_);
  core_.control()->in_batch = 1;
  batch_.MakeCallback(env_.Global(), std::initializer_list<napi_value>{}, *context_);
  core_.control()->in_batch = 0;
  napi_value error = nullptr;
  if (env_.IsExceptionPending() && napi_get_and_clear_last_exception(env_, &error) == napi_ok) {
    napi_fatal_exception(env_, error);
  }
}

void ReactorLoop::Flush() {
  if (!open_) {
    core_.control()->operations = core_.control()->out_used = 0;
    return;
  }
  core_.Flush(Now());
  if (!running_) Arm();
}

void ReactorLoop::Arm() {
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

void ReactorLoop::OnTimer(uv_timer_t* timer) {
  ReactorLoop* self = Of(timer);
  self->armed_for_ = 0;
  self->core_.Expire(self->Now());
  self->Arm();
}

void ReactorLoop::KeepAlive(bool wanted) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  if (open_) wanted ? uv_ref(handle) : uv_unref(handle);
}

void ReactorLoop::Shut() {
  if (!open_) return;
  shut_later_ = running_;
  if (running_) return;
  CloseHandles();
  core_.Close();
}

void ReactorLoop::Forget() {
  CloseHandles();
  core_.Forget();
}

void ReactorLoop::CloseHandles() {
  open_ = false;
  auto& all = EnvData<Loops>(env_).open;
  all.erase(std::remove(all.begin(), all.end(), this), all.end());
  batch_.Reset();
  if (!running_) context_.reset();  // of a fork in a callback
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), &OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), &OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), &OnClosed);
}

void ReactorLoop::OnClosed(uv_handle_t* handle) {
  ReactorLoop* self = Of(handle);
  if (--self->handles_ == 0) napi_remove_async_cleanup_hook(self->teardown_);
  self->Release();
}

// The environment ends (a Worker's too), and waits until the handles are closed.
void ReactorLoop::OnTeardown(napi_async_cleanup_hook_handle, void* self) {
  auto* loop = static_cast<ReactorLoop*>(self);
  loop->running_ = false;
  if (!loop->open_) return;
  loop->core_.CloseListeners();
  loop->Shut();
}

Napi::Value ReactorLoop::Share(void* memory, size_t size) {
  owners_++;
  return Napi::ArrayBuffer::New(env_, memory, size, [this](Napi::Env, void*) { Release(); });
}

Napi::Value ReactorLoop::Expose() {
  Napi::Object object = Napi::Object::New(env_);
  owners_++;
  object.Set("handle",
             Napi::External<ReactorLoop>::New(env_, this, [](Napi::Env, ReactorLoop* loop) { loop->Release(); }));
  object.Set("control", Share(core_.control(), core_.control_size()));
  object.Set("data", Share(core_.data(), kDataSize));
  return object;
}

void ReactorLoop::Release() {
  if (--owners_ == 0) delete this;
}

void ForgetReactorsAfterFork(napi_env env) {
  const Loops* loops = FindEnvData<Loops>(env);
  if (loops == nullptr) return;
  auto forgotten = loops->open;
  for (ReactorLoop* loop : forgotten) loop->Forget();
}

}  // namespace posix_async

// Waiting, entering JavaScript and ending, by libuv's handles. See reactor_loop.h.
#include "reactor_loop.h"

#include <algorithm>
#include <vector>

#include "after_fork.h"
#include "env_data.h"
#include "values.h"

namespace posix_async {
namespace {

// The reactors of one environment.
struct Loops {
  explicit Loops(napi_env) {}
  std::vector<ReactorLoop*> open;
};

}  // namespace

int ReactorLoop::Open(napi_value batch) {
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
  batch_.Open(env_, batch, "posix-async:reactor");
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

void ReactorLoop::Enter() {
  Napi::HandleScope scope(env_);
  core_.control()->in_batch = 1;
  batch_.Call();
  core_.control()->in_batch = 0;
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
  batch_.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), &OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), &OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), &OnClosed);
}

void ReactorLoop::OnClosed(uv_handle_t* handle) {
  ReactorLoop* self = Of(handle);
  if (--self->handles_ == 0) napi_remove_async_cleanup_hook(self->teardown_);
  Release(self);
}

// The environment ends (a Worker's too), and waits until the handles are closed.
void ReactorLoop::OnTeardown(napi_async_cleanup_hook_handle, void* self) {
  auto* loop = static_cast<ReactorLoop*>(self);
  loop->running_ = false;
  if (!loop->open_) return;
  loop->core_.UnlistenAll();
  loop->Shut();
}

napi_value ReactorLoop::Share(void* memory, size_t size, int* error) {
  owners_++;
  return MemoryOf<ReactorLoop, Release>(env_, memory, size, this, error);
}

napi_value ReactorLoop::Expose() {
  int control_error = 0, data_error = 0;
  napi_value object = nullptr;
  napi_create_object(env_, &object);
  owners_++;
  SetProperty(env_, object, "handle", HandleOf<ReactorLoop, Release>(env_, this));
  SetProperty(env_, object, "control", Share(core_.control(), core_.control_size(), &control_error));
  SetProperty(env_, object, "data", Share(core_.data(), kDataSize, &data_error));
  if (!control_error && !data_error) return object;
  Shut();
  return NumberOf(env_, control_error ? control_error : data_error);
}

[[gnu::noinline]] void ReactorLoop::Release(ReactorLoop* self) {
  if (--self->owners_ == 0) delete self;
}

namespace {
// The child closes the parent's connections, and touches nothing that both processes share. The reactors are dead
// there: they give no events, and what is written to their connections goes nowhere.
const AfterFork after_fork(ChildStep::kReactors, [](napi_env env) {
  const Loops* loops = FindEnvData<Loops>(env);
  if (loops == nullptr) return;
  auto forgotten = loops->open;
  for (ReactorLoop* loop : forgotten) loop->Forget();
});
}  // namespace

}  // namespace posix_async

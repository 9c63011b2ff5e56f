// The reactor in Node's event loop: libuv watches the one descriptor that shows readiness, each batch enters JavaScript
// once. All of it runs on the thread of the environment that made the reactor. See: core/reactor/reactor.h
#ifndef POSIX_ASYNC_LOOP_REACTOR_LOOP_H_
#define POSIX_ASYNC_LOOP_REACTOR_LOOP_H_

#include <napi.h>
#include <uv.h>

#include <memory>

#include "core/reactor/reactor.h"
#include "enter_js.h"

namespace posix_async {

// Lives until its libuv handles are closed and JavaScript has dropped both it and the memory that it shares.
class ReactorLoop {
 public:
  ReactorLoop(Napi::Env env, std::unique_ptr<Backend> backend, const ReactorOptions& options)
      : env_(env), core_(std::move(backend), options) {}

  int Open(napi_value batch);
  void Run();
  void Flush();
  void Shut();
  // In the child of a fork, when the loop is the child's own: see reactor.h.
  void Forget();
  // What is left to be told, or is due later, is seen to by libuv.
  void Arm();
  // { handle, control, data }, or a negative errno.
  napi_value Expose();

  bool open() const { return open_; }
  uint64_t Now() const { return uv_now(uv_); }
  Reactor& core() { return core_; }

 private:
  void Enter();
  void CloseHandles();
  napi_value Share(void* memory, size_t size, int* error);
  static void Release(ReactorLoop* self);
  static void OnTimer(uv_timer_t* timer);
  static void OnClosed(uv_handle_t* handle);
  static void OnTeardown(napi_async_cleanup_hook_handle, void* self);

  template <typename UvHandle>
  static ReactorLoop* Of(UvHandle* handle) {
    return static_cast<ReactorLoop*>(handle->data);
  }

  const Napi::Env env_;
  Reactor core_;
  EnterJs batch_;
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

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_REACTOR_LOOP_H_

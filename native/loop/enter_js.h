// The one way from the event loop into JavaScript. It is plain Node-API, whose calls a Worker that is being terminated
// refuses: node-addon-api ends the whole process there, because it can then not throw what went wrong.
#ifndef POSIX_ASYNC_LOOP_ENTER_JS_H_
#define POSIX_ASYNC_LOOP_ENTER_JS_H_

#include <node_api.h>

#include <initializer_list>

namespace posix_async {

// A function of JavaScript's that C++ calls. On the thread of its environment, within a handle scope of the caller's.
class EnterJs {
 public:
  EnterJs() = default;
  ~EnterJs() { Close(); }
  EnterJs(EnterJs&& other) noexcept;
  EnterJs(const EnterJs&) = delete;
  EnterJs& operator=(const EnterJs&) = delete;

  // With a `name`, what the function does belongs to an asynchronous resource of that name.
  void Open(napi_env env, napi_value function, const char* name = nullptr);
  // May be called while the function runs. In the child of a fork too, whose parent is still in it.
  void Close();

  // Calls it, and after it what it has queued: ticks and promise jobs. What it throws becomes an uncaughtException, as
  // out of Node's own callbacks. Gives null where it threw, where JavaScript may not run any more, and when closed.
  napi_value Call(std::initializer_list<napi_value> arguments = {});
  // Calls it and nothing else. The same otherwise.
  napi_value CallAlone(std::initializer_list<napi_value> arguments = {});
  // As CallAlone, where the answer is true or false; false too where there is none.
  bool Ask(std::initializer_list<napi_value> arguments = {});

 private:
  napi_value Finish(napi_status status, napi_value result);

  napi_env env_ = nullptr;
  napi_ref function_ = nullptr;
  napi_async_context context_ = nullptr;
  int depth_ = 0;  // how many calls are under way
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_ENTER_JS_H_

// Native handlers: the built-in ones, those of shared objects, and what a server holds while it runs one.
// Any thread. The ABI is include/posix_async.h.
#ifndef POSIX_ASYNC_CORE_HANDLERS_HANDLER_H_
#define POSIX_ASYNC_CORE_HANDLERS_HANDLER_H_

#include <posix_async.h>

#include <memory>
#include <string>

#include "core/base/handle_table.h"

namespace posix_async {

using Handler = ::posix_async_handler;

extern const Handler kEcho;
extern const Handler kFibonacci;
uint64_t Fibonacci(long n);  // what it answers, by the plain recursive function

// The built-in handler of that name, or nullptr.
const Handler* FindHandler(const std::string& name);

// Loads a shared object and gives its handler; nullptr with the reason in `error`. It stays loaded for good: threads
// may be running its code at any time. See: man 3 dlopen.
const Handler* LoadHandler(const std::string& path, std::string* error);

// Handles for JavaScript: process-wide, stable, never reused.
int HandlerNumber(const Handler* handler);
const Handler* HandlerOf(int number);  // nullptr where there is none

// A handler at work for one server: its user data and its counters, which lie in memory shared with forked children.
// Threads that serve a connection hold a shared_ptr to it; `stop` is called when the last one lets go.
class RunningHandler {
 public:
  // nullptr with -errno in `error` where the handler's `start` refuses or there is no memory.
  static std::shared_ptr<RunningHandler> Start(const Handler* handler, int* error);
  ~RunningHandler();
  RunningHandler(const RunningHandler&) = delete;
  RunningHandler& operator=(const RunningHandler&) = delete;

  const Handler& handler() const { return *handler_; }
  const posix_async_context& context() const { return context_; }
  bool has_events() const { return handler_->on_data != nullptr; }

  // Serves one connection by blocking calls until it ends; `fd` stays open. Gives 0 or -errno.
  int Serve(int fd) const;

 private:
  explicit RunningHandler(const Handler* handler) : handler_(handler) {}
  int ServeEvents(int fd) const;

  const Handler* handler_;
  posix_async_context context_{};
  bool started_ = false;
};

// The handlers at work in this process, by the numbers that JavaScript knows.
HandleTable<RunningHandler>& Running();

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_HANDLERS_HANDLER_H_

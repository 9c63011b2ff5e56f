// Native handlers for JavaScript: a number stands for a handler, another for one at work for a server.
// Synchronous, on the calling thread; handlerServe blocks it until the connection ends. See include/posix_async.h.
#include "core/handlers/handler.h"
#include "binding.h"

namespace posix_async {
namespace {

// The number of a built-in handler, or -ENOENT.
int Find(std::string name) {
  const Handler* handler = FindHandler(name);
  return handler ? HandlerNumber(handler) : -ENOENT;
}

// The number of a shared object's handler, or the reason, in words, why there is none.
Napi::Value Open(Napi::Env env, std::string path) {
  std::string error;
  const Handler* handler = LoadHandler(path, &error);
  return Napi::Value(env, handler ? ToJs(env, HandlerNumber(handler)) : ToJs(env, error));
}

// Whether the handler has the blocking form (1), the event form (2), both (3).
int Forms(int handler) {
  const Handler* found = HandlerOf(handler);
  if (found == nullptr) return -EBADF;
  return (found->serve ? 1 : 0) | (found->on_data ? 2 : 0);
}

int Start(int handler) {
  const Handler* found = HandlerOf(handler);
  if (found == nullptr) return -EBADF;
  int error = 0;
  auto running = RunningHandler::Start(found, &error);
  return running ? Running().Add(std::move(running)) : error;
}

int Serve(int running, int fd) {
  const auto found = Running().Get(running);
  return found ? found->Serve(fd) : -EBADF;
}

// `numbers` is a Float64Array(2) that takes bytes in and out.
int Counters(int running, Room<double, 2> numbers) {
  const auto found = Running().Get(running);
  if (!found) return -EBADF;
  const posix_async_counters* counters = found->context().counters;
  numbers[0] = static_cast<double>(__atomic_load_n(&counters->bytes_in, __ATOMIC_RELAXED));
  numbers[1] = static_cast<double>(__atomic_load_n(&counters->bytes_out, __ATOMIC_RELAXED));
  return 0;
}

int Stop(int running) { return Running().Remove(running) ? 0 : -EBADF; }

}  // namespace

void RegisterHandler(Exports& exports) {
  exports.Function<&Find>("handlerFind");
  exports.Function<&Open>("handlerOpen");
  exports.Function<&Forms>("handlerForms");
  exports.Function<&Start>("handlerStart");
  exports.Function<&Serve>("handlerServe");
  exports.Function<&Counters>("handlerCounters");
  exports.Function<&Stop>("handlerStop");
}

}  // namespace posix_async

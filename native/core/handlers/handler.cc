// Finds and loads native handlers, and keeps the numbers that stand for them. See: man 3 dlopen, dlsym.
#include "handler.h"

#include <dlfcn.h>

#include <mutex>
#include <vector>

namespace posix_async {
namespace {

// Never destroyed: threads may outlive main's static objects.
struct Registry {
  std::mutex mutex;
  std::vector<const Handler*> handlers;
};
Registry& TheRegistry() {
  static auto* registry = new Registry;
  return *registry;
}

std::string Fault(const Handler& handler) {
  if (handler.abi != POSIX_ASYNC_ABI) {
    return "is made for version " + std::to_string(handler.abi) + " of posix_async.h; this is version " +
           std::to_string(POSIX_ASYNC_ABI);
  }
  if (handler.size < sizeof(Handler)) return "says a size that is too small: start it with POSIX_ASYNC_HANDLER_HEAD";
  if (handler.name == nullptr) return "has no name";
  if (handler.serve == nullptr && handler.on_data == nullptr) return "has neither serve nor on_data";
  return "";
}

}  // namespace

const Handler* FindHandler(const std::string& name) {
  for (const Handler* handler : {&kEcho, &kFibonacci}) {
    if (name == handler->name) return handler;
  }
  return nullptr;
}

const Handler* LoadHandler(const std::string& path, std::string* error) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    *error = dlerror();
    return nullptr;
  }
  const auto* handler = static_cast<const Handler*>(dlsym(library, POSIX_ASYNC_SYMBOL));
  const char* missing = handler == nullptr ? dlerror() : nullptr;
  *error = handler == nullptr ? (missing ? missing : path + ": " POSIX_ASYNC_SYMBOL " is null") : Fault(*handler);
  if (error->empty()) return handler;
  if (handler != nullptr) *error = path + ": " POSIX_ASYNC_SYMBOL " " + *error;
  dlclose(library);
  return nullptr;
}

int HandlerNumber(const Handler* handler) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  auto& handlers = registry.handlers;
  for (size_t i = 0; i < handlers.size(); ++i) {
    if (handlers[i] == handler) return static_cast<int>(i);
  }
  handlers.push_back(handler);
  return static_cast<int>(handlers.size() - 1);
}

const Handler* HandlerOf(int number) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  const auto index = static_cast<size_t>(number);
  return index < registry.handlers.size() ? registry.handlers[index] : nullptr;
}

}  // namespace posix_async

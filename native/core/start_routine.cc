// See start_routine.h.
#include "start_routine.h"

#include <dlfcn.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "handlers/handler.h"
#include "pthread.h"

namespace posix_async {
namespace {

// The argument is n: gives fibonacci(n), by the recursive function that takes as long as it says.
void* RunFibonacci(void* argument) {
  return reinterpret_cast<void*>(Fibonacci(static_cast<long>(reinterpret_cast<intptr_t>(argument))));
}

// The argument is milliseconds: gives the same number when they have passed.
void* RunSleep(void* argument) {
  std::this_thread::sleep_for(std::chrono::milliseconds(reinterpret_cast<intptr_t>(argument)));
  return argument;
}

// The argument is a thread's number: joins it, and gives what it returned, or a negative errno.
void* RunJoin(void* argument) {
  const int number = static_cast<int>(reinterpret_cast<intptr_t>(argument));
  void* result = nullptr;
  int error = ClaimThread(number, nullptr);
  if (error == 0) error = JoinThread(number, &result);
  return error < 0 ? reinterpret_cast<void*>(static_cast<intptr_t>(error)) : result;
}

struct Named {
  const char* name;
  StartRoutine routine;
};
constexpr Named kBuiltIn[] = {{"fibonacci", RunFibonacci}, {"join", RunJoin}, {"sleep", RunSleep}};

// Never destroyed: threads may outlive main's static objects.
struct Registry {
  std::mutex mutex;
  std::vector<StartRoutine> routines;
};
Registry& TheRegistry() {
  static auto* registry = new Registry;
  return *registry;
}

int NumberOf(StartRoutine routine) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  auto& routines = registry.routines;
  for (size_t i = 0; i < routines.size(); ++i) {
    if (routines[i] == routine) return static_cast<int>(i);
  }
  routines.push_back(routine);
  return static_cast<int>(routines.size() - 1);
}

}  // namespace

int FindRoutine(const std::string& name) {
  for (const Named& built_in : kBuiltIn) {
    if (name == built_in.name) return NumberOf(built_in.routine);
  }
  return -ENOENT;
}

int LoadRoutine(const std::string& path, const std::string& symbol, std::string* error) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* routine = library == nullptr ? nullptr : dlsym(library, symbol.c_str());
  if (routine != nullptr) return NumberOf(reinterpret_cast<StartRoutine>(routine));
  const char* reason = dlerror();
  *error = reason ? reason : path + ": " + symbol + " is null";
  if (library != nullptr) dlclose(library);
  return -ENOENT;
}

StartRoutine RoutineOf(int number) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  const auto index = static_cast<size_t>(number);
  return index < registry.routines.size() ? registry.routines[index] : nullptr;
}

}  // namespace posix_async

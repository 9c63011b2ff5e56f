// pthread.h: threads by number (core/pthread.h), start routines by number (core/start_routine.h). Every function is
// called on the environment's thread; pthread_join blocks it until that thread has ended, the others do not.
// See: man 7 pthreads.
#include "core/pthread.h"

#include <limits.h>
#include <string.h>

#include <unordered_set>

#include "binding.h"
#include "loop/after_fork.h"
#include "loop/env_data.h"

namespace posix_async {
namespace {

// The threads that an environment waits for; when it ends, others may.
struct Claims {
  explicit Claims(napi_env) {}
  ~Claims() {
    for (const int number : numbers) GiveThreadUp(number);
  }
  std::unordered_set<int> numbers;
};

std::unordered_set<int>& ClaimsOf(napi_env env) { return EnvData<Claims>(env).numbers; }

size_t SizeOrDefault(double size) { return size < 0 ? kByDefault : static_cast<size_t>(size); }

// A copy on the heap with a zero behind it; the routine frees it.
void* CopyOnHeap(Bytes bytes) {
  auto* copy = static_cast<uint8_t*>(calloc(1, bytes.size + 1));
  if (copy != nullptr && bytes.size > 0) memcpy(copy, bytes.data, bytes.size);
  return copy;
}

// The argument is `number`, or a copy of `bytes`. `cpus` is as a cpu_set_t, or empty. Sizes in bytes, negative: by
// default.
int Create(int routine, bool has_bytes, int64_t number, Bytes bytes, bool detached, double stack_size,
           double guard_size, RoomOrNone<cpu_set_t> cpus) {
  const StartRoutine start = RoutineOf(routine);
  if (start == nullptr) return -EINVAL;
  void* argument = has_bytes ? CopyOnHeap(bytes) : reinterpret_cast<void*>(static_cast<intptr_t>(number));
  if (has_bytes && argument == nullptr) return -ENOMEM;
  const ThreadAttributes attributes{detached, SizeOrDefault(stack_size), SizeOrDefault(guard_size), cpus.data};
  const int created = CreateThread(attributes, start, argument);
  if (created < 0 && has_bytes) free(argument);
  return created;
}

// Claims the thread for joining. Gives a descriptor that becomes readable at its end, if one is wanted: the thread's
// own, closed when it was joined; else 0.
int Claim(Napi::Env env, int thread, bool wants_end) {
  int end = 0;
  const int error = ClaimThread(thread, wants_end ? &end : nullptr);
  if (error < 0) return error;
  ClaimsOf(env).insert(thread);
  return end;
}

void GiveUp(Napi::Env env, int thread) {
  ClaimsOf(env).erase(thread);
  GiveThreadUp(thread);
}

// Joins a claimed thread. `result` is a BigInt64Array(1).
int Join(Napi::Env env, int thread, Room<void*> result) {
  ClaimsOf(env).erase(thread);
  return JoinThread(thread, result.data);
}

int TryJoin(int thread, Room<void*> result) { return TryJoinThread(thread, result.data); }

int SetName(int thread, std::string name) { return NameThread(thread, name.c_str()); }

// The name, or -errno.
Napi::Value GetName(Napi::Env env, int thread) {
  char name[16] = {};
  const int error = ThreadNameOf(thread, name);
  return Napi::Value(env, error < 0 ? ToJs(env, error) : ToJs(env, std::string(name)));
}

int SetAffinity(int thread, Room<cpu_set_t> cpus) { return SetThreadCpus(thread, cpus[0]); }

int GetAffinity(int thread, Room<cpu_set_t> cpus) { return ThreadCpus(thread, cpus.data); }

// `numbers` is a Float64Array(3) that takes whether it is detached, and the sizes of its stack and its guard.
int GetAttributes(int thread, Room<double, 3> numbers) {
  ThreadAttributes attributes;
  if (const int error = AttributesOf(thread, &attributes); error < 0) return error;
  numbers[0] = attributes.detached;
  numbers[1] = static_cast<double>(attributes.stack_size);
  numbers[2] = static_cast<double>(attributes.guard_size);
  return 0;
}

// The number of a shared object's function, or the reason, in words, why there is none.
Napi::Value OpenRoutine(Napi::Env env, std::string path, std::string symbol) {
  std::string error;
  const int routine = LoadRoutine(path, symbol, &error);
  return Napi::Value(env, routine < 0 ? ToJs(env, error) : ToJs(env, routine));
}

// The parent's threads are not the child's.
const AfterFork after_fork(ChildStep::kThreads, [](napi_env) { ForgetThreadsAfterFork(); });

}  // namespace

void RegisterPthread(Exports& exports) {
  exports.Function<&FindRoutine>("routineFind");
  exports.Function<&OpenRoutine>("routineOpen");
  exports.Function<&Create>("pthread_create");
  exports.Function<&Claim>("pthread_claim");
  exports.Function<&GiveUp>("pthread_give_up");
  exports.Function<&Join>("pthread_join");
  exports.Function<&TryJoin>("pthread_tryjoin_np");
  exports.Function<&DetachThread>("pthread_detach");
  exports.Function<&SelfThread>("pthread_self");
  exports.Function<&KillThread>("pthread_kill");
  exports.Function<&CancelThread>("pthread_cancel");
  exports.Function<&SetName>("pthread_setname_np");
  exports.Function<&GetName>("pthread_getname_np");
  exports.Function<&SetAffinity>("pthread_setaffinity_np");
  exports.Function<&GetAffinity>("pthread_getaffinity_np");
  exports.Function<&GetAttributes>("pthread_getattr_np");
  exports.Constant("PTHREAD_STACK_MIN", static_cast<double>(PTHREAD_STACK_MIN));
  exports.Constant("PTHREAD_CANCELED", static_cast<double>(reinterpret_cast<intptr_t>(PTHREAD_CANCELED)));
  POSIX_ASYNC_CONSTANT(exports, CPU_SETSIZE);
}

}  // namespace posix_async

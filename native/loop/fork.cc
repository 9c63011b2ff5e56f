// fork: the whole-runtime fork of native/core/fork, joined to Node's event loop. See: man 2 fork.
#include "fork.h"

#include <dlfcn.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

#include <deque>
#include <optional>
#include <vector>

#include "after_fork.h"
#include "binding.h"
#include "core/base/held_fds.h"
#include "core/fork/engine_work.h"
#include "core/fork/heap_placement.h"
#include "core/fork/isolate.h"
#include "core/fork/loop_phase.h"
#include "core/fork/maps.h"
#include "core/fork/math_random.h"
#include "core/fork/output.h"
#include "core/fork/pool.h"
#include "core/fork/promise_jobs.h"
#include "core/fork/promises.h"
#include "core/fork/silence.h"

namespace posix_async {
namespace {

uv_loop_t* LoopOf(Napi::Env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

// A fork that was asked for and not made yet.
struct ForkRequest {
  EnterJs prepare;                             // () => boolean: false gives the fork up
  EnterJs after;                               // (result) => void: as fork's result, in the parent and in the child
  EnterJs idle;                                // () => void: in the child, when it has run out of events
  std::optional<std::vector<int>> keeps_only;  // see ForkOptions
};

// There is one main thread, and one queue.
std::deque<ForkRequest> requests;

// fork(keepHandles): returns twice, with the caller's JavaScript still on the stack on both sides.
Napi::Value Fork(Napi::Env env, bool keep_handles) {
  if (!OnMainThread()) return Napi::Number::New(env, -ENOTSUP);
  fork::ForkOptions options;
  options.lazily = true;
  options.keep_handles = keep_handles;
  return ToJs(env, ForkRuntime(env, options));
}

void Serve(Napi::Env env, ForkRequest& request) {
  Napi::HandleScope scope(env);
  const napi_value wanted = request.prepare.Call();
  bool is_wanted = false;
  if (wanted == nullptr || napi_get_value_bool(env, wanted, &is_wanted) != napi_ok || !is_wanted) return;
  fork::ForkOptions options;
  options.lazily = true;
  if (request.keeps_only) options.keeps_only = &*request.keeps_only;
  const fork::ForkResult result = ForkRuntime(env, options);
  request.after.Call({ToJs(env, result)});
  if (result.pid == 0) LiveOn(env, request.idle);
}

void ServeAll(Napi::Env env) {
  while (!requests.empty()) {
    ForkRequest request = std::move(requests.front());
    requests.pop_front();
    Serve(env, request);
  }
}

// Calls ServeAll from the loop, with no JavaScript on the stack: so that nothing of the parent's call stack goes on in
// the child, which runs its loop from right here. A handle that is closed as soon as it is made does it without a
// system call, at the end of this turn of the loop; and the phase of closing is one that libuv lets be nested: in
// others (check, prepare, async) the handles still to be called are in a list on libuv's stack, where a nested loop
// does not find them.
struct Turn {
  uv_timer_t handle;
  napi_env env;
};

void ScheduleTurn(Napi::Env env) {
  auto* turn = new Turn{{}, env};
  uv_timer_init(LoopOf(env), &turn->handle);
  uv_close(reinterpret_cast<uv_handle_t*>(&turn->handle), [](uv_handle_t* handle) {
    auto* turn = reinterpret_cast<Turn*>(handle);
    const Napi::Env env = turn->env;
    delete turn;
    ServeAll(env);
  });
}

// forkFromLoop(prepare, after, idle, keepsAll, kept): 0, or a negative errno. `kept` is an Int32Array of the
// descriptors that the child keeps beside 0 to 2, where it does not keep all.
int ForkFromLoop(Napi::Env env, Napi::Function prepare, Napi::Function after, Napi::Function idle, bool keeps_all,
                 Many<int> kept) {
  if (!OnMainThread()) return -ENOTSUP;
  ForkRequest& request = requests.emplace_back();
  request.prepare.Open(env, prepare);
  request.after.Open(env, after);
  request.idle.Open(env, idle);
  if (!keeps_all) request.keeps_only.emplace(kept.data, kept.data + kept.count);
  ScheduleTurn(env);
  return 0;
}

// Fills `bytes` with random numbers of the kernel's; 0 or -errno.
int Getrandom(Bytes bytes) {
  for (size_t done = 0; done < bytes.size;) {
    const ssize_t count = Retry([&] { return getrandom(bytes.data + done, bytes.size - done, 0); });
    if (count < 0) return static_cast<int>(count);
    done += count;
  }
  return 0;
}

// Asks V8 to collect all that can be collected, also what it has compiled and not used of late: what v8.h names
// Isolate::LowMemoryNotification. False where Node does not export it.
bool CollectAllGarbage() {
  void* const isolate = fork::CurrentIsolate();
  static const auto collect =
      reinterpret_cast<void (*)(void*)>(dlsym(RTLD_DEFAULT, "_ZN2v87Isolate21LowMemoryNotificationEv"));
  if (isolate == nullptr || collect == nullptr) return false;
  collect(isolate);
  return true;
}

// findPromiseJobs(queueOne): before the first fork; `queueOne` queues a promise job.
bool FindPromiseJobs(Napi::Env env, Napi::Function queue_one) {
  EnterJs queue;
  queue.Open(env, queue_one);
  return fork::FindPromiseJobs([&] { queue.CallAlone(); });
}

using Prober = std::function<void(const fork::Draw&)>;

napi_value Probe(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value function = nullptr;
  void* probe = nullptr;
  napi_get_cb_info(env, info, &count, &function, nullptr, &probe);
  EnterJs random;
  random.Open(env, function);
  (*static_cast<Prober*>(probe))([&] { random.CallAlone(); });
  return nullptr;
}

// findMathRandom(inNewContext): before the first fork; `inNewContext(probe)` calls `probe(Math.random)` in a context
// made for it.
bool FindMathRandom(Napi::Env env, Napi::Function in_new_context) {
  EnterJs enter;
  enter.Open(env, in_new_context);
  return fork::FindMathRandom([&](const Prober& probe) {
    napi_value function = nullptr;
    napi_create_function(env, "probe", NAPI_AUTO_LENGTH, &Probe, const_cast<Prober*>(&probe), &function);
    enter.CallAlone({function});
  });
}

fork::HandleSlot SlotOf(const Napi::Value& value) { return static_cast<napi_value>(value); }

// findEngineWork(registry, callback, pending, fulfilled, waiting): before the first fork; see engine_work.h,
// promises.h.
bool FindEngineWork(Napi::Value registry, Napi::Value callback, Napi::Value pending, Napi::Value fulfilled,
                    Napi::Value waiting) {
  const bool knows_registries = fork::FindRegistries(SlotOf(registry), SlotOf(callback));
  return fork::FindPromises(SlotOf(pending), SlotOf(fulfilled), SlotOf(waiting)) && knows_registries;
}

// keepResultsInReach(): when the library is loaded, on the main thread.
void KeepResultsInReach(Napi::Env env) { fork::KeepResultsInReach(LoopOf(env)); }

bool IsLoopAlive(Napi::Env env) { return uv_loop_alive(LoopOf(env)) != 0; }

// refStreams(referenced): see silence.h.
void RefStreams(Napi::Env env, bool referenced) { fork::RefStreams(LoopOf(env), referenced); }

// hasStream(fd), writeOut(fd, data, milliseconds): see output.h.
bool HasStream(Napi::Env env, int fd) { return fork::HasStream(LoopOf(env), fd); }

int WriteOut(Napi::Env env, int fd, Bytes data, int milliseconds) {
  return fork::WriteOut(LoopOf(env), fd, reinterpret_cast<const char*>(data.data), data.size, milliseconds);
}

void SilencePromise(Napi::Value promise) { fork::SilencePromise(SlotOf(promise)); }

void SettlePromise(Napi::Value promise, Napi::Value outcome) { fork::SettlePromise(SlotOf(promise), SlotOf(outcome)); }

// 0, a negative errno, or why it is not safe.
Napi::Value LookForThreads(Napi::Env env) { return ToJs(env, fork::LookForThreads()); }

void PrepareHeap() {
  fork::PlaceHeapTogether();
  fork::ShowHeap();
}

void Exit(int status) { _exit(status); }

}  // namespace

bool OnMainThread() { return gettid() == getpid(); }

fork::ForkResult ForkRuntime(Napi::Env env, const fork::ForkOptions& options) {
  uv_loop_t* loop = LoopOf(env);
  const fork::ForkResult result = fork::Fork(loop, options);
  if (result.pid != 0) return result;
  requests.clear();  // what else was asked of the parent is not asked of the child
  if (!options.keep_handles) {
    const Napi::HandleScope scope(env);
    fork::DropEngineWork();
    fork::DropPromiseJobs();
  }
  fork::MakeRoomForLookups(loop);
  fork::ResumePlatformTasks(loop);
  HeldFds::CloseAll();
  AfterFork::RunAll(env);
  return result;
}

Napi::Value ToJs(Napi::Env env, const fork::ForkResult& result) {
  if (result.parking.reason[0] == 0) return Napi::Number::New(env, result.pid);
  return Napi::String::New(env, result.parking.reason);
}

void LiveOn(Napi::Env env, EnterJs& idle) {
  fork::ReviveNow();
  for (;;) {
    uv_run(LoopOf(env), UV_RUN_DEFAULT);
    Napi::HandleScope scope(env);
    idle.Call();
  }
}

void RegisterFork(Exports& exports) {
  exports.Function<&Fork>("fork");
  exports.Function<&ForkFromLoop>("forkFromLoop");
  exports.Function<&fork::ForkSiblings>("forkSiblings");
  exports.Function<&LookForThreads>("lookForThreads");
  exports.Function<&PrepareHeap>("prepareHeap");
  exports.Function<&FindPromiseJobs>("findPromiseJobs");
  exports.Function<&FindMathRandom>("findMathRandom");
  exports.Function<&FindEngineWork>("findEngineWork");
  exports.Function<&KeepResultsInReach>("keepResultsInReach");
  exports.Function<&IsLoopAlive>("isLoopAlive");
  exports.Function<&SilencePromise>("silencePromise");
  exports.Function<&fork::SilencedStreams>("silencedStreams");
  exports.Function<&RefStreams>("refStreams");
  exports.Function<&SettlePromise>("settlePromise");
  exports.Function<&fork::SettleWasmPromisesAtOnce>("settleWasmPromisesAtOnce");
  exports.Function<&HasStream>("hasStream");
  exports.Function<&WriteOut>("writeOut");
  exports.Function<&fork::RenewMathRandom>("renewMathRandom");
  exports.Function<&Getrandom>("getrandom");
  exports.Function<&CollectAllGarbage>("collectAllGarbage");
  exports.Function<&Exit>("_exit");
}

}  // namespace posix_async

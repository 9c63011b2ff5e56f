// Work of V8's for JavaScript, dropped where V8 has it.
//
// The facts it rests on (v8.h): Isolate::ContextDisposedNotification is what an embedder says that leaves a page; where
// nothing depends on the current context, V8 deletes its compilations of WebAssembly, with what they would settle. It
// also forgets how large the heap may grow, so it is told only where HasPendingBackgroundTasks says that there are
// such compilations. And it empties the list of FinalizationRegistries with something to tell, after which V8 never
// tells of any (the task that is under way finds none, and is taken to be still under way): so the list is kept from
// it. The list begins in a word of the isolate, which refers to `undefined` while it is empty; what a registry has to
// tell hangs on the registry, and is taken off.
#include "engine_work.h"

#include <dlfcn.h>
#include <malloc.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "contexts.h"
#include "isolate.h"
#include "peek.h"
#include "promises.h"

namespace posix_async::fork {
namespace {

// Looked up when the addon is loaded: a child would do it anew each time.
template <typename Function>
Function V8Function(const char* symbol) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, symbol));
}

const auto has_compilations = V8Function<bool (*)(void*)>("_ZN2v87Isolate25HasPendingBackgroundTasksEv");
const auto enter = V8Function<void (*)(HeapWord*)>("_ZN2v87Context5EnterEv");
const auto leave = V8Function<void (*)(HeapWord*)>("_ZN2v87Context4ExitEv");
// The second is the same with an enumeration, in which "none depends on it" comes first.
const auto dispose = V8Function<int (*)(void*, bool)>("_ZN2v87Isolate27ContextDisposedNotificationEb");
const auto dispose_later =
    V8Function<int (*)(void*, int)>("_ZN2v87Isolate27ContextDisposedNotificationENS_17ContextDependantsE");

// Words of a registry.
constexpr int kContext = 3, kCallback = 4, kActive = 5, kCleared = 6, kKeys = 7, kNextDirty = 8;
constexpr size_t kRegistryWords = 9;

HeapWord* isolate = nullptr;
HeapWord nothing = 0;          // a reference to `undefined`
uint16_t registry_type = 0;    // 0: not known
std::vector<size_t> may_list;  // words of the isolate in which the list may begin

bool LooksAsExpected(const HeapWord* registry, HeapWord callback) {
  const HeapWord* const context = CurrentContext();
  HeapWord words[kRegistryWords];
  if (context == nullptr || !Peek(reinterpret_cast<uintptr_t>(registry), words, sizeof words)) return false;
  const HeapWord empty = words[kCleared];
  return ObjectAt(words[kContext]) == context && words[kCallback] == callback && ObjectAt(empty) != nullptr &&
         words[kActive] == empty && words[kKeys] == empty && words[kNextDirty] == empty;
}

// Whatever the word of the isolate is.
bool RefersToRegistry(HeapWord word) {
  HeapWord map = 0, type = 0;
  const auto object = reinterpret_cast<uintptr_t>(ObjectAt(word));
  return object != 0 && Peek(object, &map, sizeof map) && ObjectAt(map) != nullptr &&
         Peek(reinterpret_cast<uintptr_t>(ObjectAt(map)), &type, sizeof type) && type != 0 &&
         TypeOf(ObjectAt(word)) == registry_type;
}

// Takes off what each registry of the list has to tell.
void EmptyRegistries() {
  for (const size_t at : may_list) {
    if (isolate[at] == nothing) continue;
    for (HeapWord* registry = ObjectAt(isolate[at]); registry != nullptr && TypeOf(registry) == registry_type;
         registry = ObjectAt(registry[kNextDirty]))
      registry[kCleared] = nothing;
  }
}

// While it lives the list is empty.
class HiddenList {
 public:
  HiddenList() {
    for (const size_t at : may_list) {
      const HeapWord* const registry = ObjectAt(isolate[at]);
      if (isolate[at] == nothing || registry == nullptr || TypeOf(registry) != registry_type) continue;
      hidden_.push_back({at, isolate[at]});
      isolate[at] = nothing;
    }
  }
  ~HiddenList() {
    for (const auto& [at, word] : hidden_) isolate[at] = word;
  }

 private:
  std::vector<std::pair<size_t, HeapWord>> hidden_;
};

bool CanDropCompilations() {
  return enter != nullptr && leave != nullptr && has_compilations != nullptr &&
         (dispose != nullptr || dispose_later != nullptr);
}

void NotifyDisposed() {
  if (dispose_later != nullptr)
    dispose_later(isolate, 0);
  else if (dispose != nullptr)
    dispose(isolate, false);
}

void DropCompilations() {
  const HiddenList hidden;
  ForEachContext([&](HeapWord* context) {
    HeapWord reference = reinterpret_cast<HeapWord>(context) + 1;
    enter(&reference);
    NotifyDisposed();
    leave(&reference);
  });
}

}  // namespace

bool FindRegistries(HandleSlot registry, HandleSlot callback) {
  isolate = static_cast<HeapWord*>(CurrentIsolate());
  const HeapWord* const object = ObjectIn(registry);
  if (isolate == nullptr || !LooksAsExpected(object, *static_cast<const HeapWord*>(callback))) return false;
  nothing = object[kCleared];
  registry_type = TypeOf(object);
  may_list.clear();
  const size_t count = malloc_usable_size(isolate) / sizeof(HeapWord);
  for (size_t at = 0; at < count; at++)
    if (isolate[at] == nothing || RefersToRegistry(isolate[at])) may_list.push_back(at);
  return CanDropCompilations();
}

void DropEngineWork() {
  SilenceAsyncWaits();
  if (registry_type != 0) EmptyRegistries();
  if (CanDropCompilations() && isolate != nullptr && has_compilations(isolate)) DropCompilations();
}

}  // namespace posix_async::fork

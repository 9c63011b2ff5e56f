// The list of contexts, each linked to the one made before it; the isolate has the newest. Where that stands is found
// by math_random.cc as it makes a context.
#include "contexts.h"

#include <dlfcn.h>

#include <cstring>

#include "isolate.h"

namespace posix_async::fork {
namespace {

const HeapWord* isolate = nullptr;
ContextList known;

constexpr size_t kTypeAt = 12;  // bytes into a map

constexpr char kCurrent[] = "_ZN2v87Isolate17GetCurrentContextEv";

// What one of the functions of v8.h gives that give a context.
HandleSlot HandleBy(const char* symbol) {
  void* const current = CurrentIsolate();
  const auto function = reinterpret_cast<HandleSlot (*)(void*)>(dlsym(RTLD_DEFAULT, symbol));
  return current == nullptr || function == nullptr ? nullptr : function(current);
}

HeapWord* ContextBy(const char* symbol) {
  const HandleSlot handle = HandleBy(symbol);
  return handle == nullptr ? nullptr : ObjectIn(handle);
}

}  // namespace

HandleSlot CurrentContextHandle() { return HandleBy(kCurrent); }
HeapWord* CurrentContext() { return ContextBy(kCurrent); }
HeapWord* EnteredContext() { return ContextBy("_ZN2v87Isolate28GetEnteredOrMicrotaskContextEv"); }

uint16_t TypeOf(const HeapWord* object) {
  uint16_t type;
  memcpy(&type, reinterpret_cast<const char*>(ObjectAt(object[0])) + kTypeAt, sizeof type);
  return type;
}

void KnowContexts(const HeapWord* of, const ContextList& list) {
  isolate = of;
  known = list;
}

void ForEachContext(const std::function<void(HeapWord* context)>& use) {
  if (known.newest == 0) return;
  for (HeapWord* context = ObjectAt(isolate[known.newest]); context != nullptr && context[kArrayLength] == known.length;
       context = ObjectAt(context[known.link]))
    use(context);
}

}  // namespace posix_async::fork

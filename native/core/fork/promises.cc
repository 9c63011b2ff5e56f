// Promises, silenced by taking their reactions from them.
//
// The facts it rests on: the words of a promise behind its map, properties and elements are what waits for it (or, once
// it is settled, its result) and a small integer of flags, whose lowest two bits are 0 while it is pending. A context
// keeps the promises of Atomics.waitAsync in a set, which is an array with other things in it too; what is a promise is
// told by the type that its map names. All of it is looked up on promises made for that before anything relies on it.
#include "promises.h"

#include <dlfcn.h>

#include <cstdint>

#include "contexts.h"
#include "isolate.h"
#include "peek.h"

namespace posix_async::fork {
namespace {

constexpr int kReactions = 3, kFlags = 4;  // words of a promise
constexpr size_t kMostElements = 4096;     // of the set, when it is looked for

// Of v8.h: a resolver is the promise itself, and a handle is passed as its slot. What is returned is a Maybe<bool>.
using Settle = uint16_t (*)(HandleSlot promise, HandleSlot context, HandleSlot outcome);
const auto resolve = reinterpret_cast<Settle>(
    dlsym(RTLD_DEFAULT, "_ZN2v87Promise8Resolver7ResolveENS_5LocalINS_7ContextEEENS2_INS_5ValueEEE"));
const auto reject = reinterpret_cast<Settle>(
    dlsym(RTLD_DEFAULT, "_ZN2v87Promise8Resolver6RejectENS_5LocalINS_7ContextEEENS2_INS_5ValueEEE"));

uint16_t promise_type = 0;  // 0: not known
size_t waits_at = 0;        // of a context: the slot of the set; 0: not known

HeapWord StateOf(const HeapWord* promise) { return promise[kFlags] >> 32 & 3; }

bool LooksAsExpected(const HeapWord* pending, const HeapWord* fulfilled) {
  return pending != nullptr && fulfilled != nullptr && TypeOf(pending) == TypeOf(fulfilled) &&
         pending[kReactions] == 0 && StateOf(pending) == 0 && fulfilled[kReactions] == SmallInteger(7) &&
         StateOf(fulfilled) == 1;
}

constexpr size_t kNowhere = SIZE_MAX;

// Where the element is in the array. What a slot of a context refers to may be anything, also what looks like an array
// that is longer than it is, behind which the one that is looked for comes.
size_t IndexOf(HeapWord element, HeapWord reference) {
  HeapWord head[kFirstElement], elements[64];
  const auto array = reinterpret_cast<uintptr_t>(ObjectAt(reference));
  if (array == 0 || !Peek(array, head, sizeof head)) return kNowhere;
  const size_t count = LengthOf(head);
  if (static_cast<uint32_t>(head[kArrayLength]) != 0 || count == 0 || count > kMostElements) return kNowhere;
  for (size_t at = 0; at < count; at++) {
    const size_t in_part = at % 64;
    const size_t part = count - at < 64 ? count - at : 64;
    const uintptr_t from = array + (kFirstElement + at) * sizeof(HeapWord);
    if (in_part == 0 && !Peek(from, elements, part * sizeof(HeapWord))) return kNowhere;
    if (elements[in_part] == element) return at;
  }
  return kNowhere;
}

// The slot of the context whose set has this promise, nearest to its beginning; or 0.
size_t FindSet(const HeapWord* context, HeapWord promise) {
  size_t found = 0, nearest = kNowhere;
  for (size_t slot = kFirstElement; slot < kFirstElement + LengthOf(context); slot++) {
    const size_t index = IndexOf(promise, context[slot]);
    if (index >= nearest) continue;
    found = slot;
    nearest = index;
  }
  return found;
}

void Silence(HeapWord* promise) {
  if (TypeOf(promise) == promise_type && StateOf(promise) == 0) promise[kReactions] = SmallInteger(0);
}

}  // namespace

bool FindPromises(HandleSlot pending, HandleSlot fulfilled, HandleSlot waiting) {
  const HeapWord* const context = CurrentContext();
  if (context == nullptr || !LooksAsExpected(ObjectIn(pending), ObjectIn(fulfilled))) return false;
  promise_type = TypeOf(ObjectIn(pending));
  waits_at = FindSet(context, *static_cast<const HeapWord*>(waiting));
  return waits_at != 0;
}

void SilencePromise(HandleSlot promise) {
  HeapWord* const object = ObjectIn(promise);
  if (promise_type != 0 && object != nullptr) Silence(object);
}

void SettlePromise(HandleSlot promise, HandleSlot outcome) {
  const HandleSlot context = CurrentContextHandle();
  const HeapWord* const object = ObjectIn(promise);
  const bool is_promise = object != nullptr && promise_type != 0 && TypeOf(object) == promise_type;
  if (resolve != nullptr && context != nullptr && is_promise) resolve(promise, context, outcome);
}

void SettleWasmPromisesAtOnce() {
  using Callback = void (*)(void* isolate, HandleSlot context, HandleSlot promise, HandleSlot result, int failed);
  const auto set = reinterpret_cast<void (*)(void*, Callback)>(
      dlsym(RTLD_DEFAULT,
            "_ZN2v87Isolate34SetWasmAsyncResolvePromiseCallbackEPFvPS0_NS_5LocalINS_7ContextEEENS2_INS_"
            "7Promise8ResolverEEENS2_INS_5ValueEEENS_16WasmAsyncSuccessEE"));
  void* const isolate = CurrentIsolate();
  if (set == nullptr || isolate == nullptr || resolve == nullptr || reject == nullptr) return;
  set(isolate, [](void*, HandleSlot context, HandleSlot promise, HandleSlot result, int failed) {
    (failed != 0 ? reject : resolve)(promise, context, result);
  });
}

void SilenceAsyncWaits() {
  if (promise_type == 0 || waits_at == 0) return;
  ForEachContext([](HeapWord* context) {
    const HeapWord* const set = ObjectAt(context[waits_at]);
    for (size_t at = kFirstElement; set != nullptr && at < kFirstElement + LengthOf(set); at++) {
      HeapWord* const element = ObjectAt(set[at]);
      if (element != nullptr) Silence(element);
    }
  });
}

}  // namespace posix_async::fork

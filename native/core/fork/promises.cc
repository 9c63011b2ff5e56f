// Promises, silenced by taking their reactions from them.
//
// The facts it rests on: the words of a promise behind its map, properties and elements are what waits for it (or, once
// it is settled, its result) and a small integer of flags, whose lowest two bits are 0 while it is pending. A context
// keeps the promises of Atomics.waitAsync in a set, which is an array with other things in it too; what is a promise is
// told by the type that its map names. All of it is looked up on promises made for that before anything relies on it.
#include "promises.h"

#include <cstdint>

#include "contexts.h"
#include "peek.h"

namespace posix_async::fork {
namespace {

constexpr int kReactions = 3, kFlags = 4;  // words of a promise
constexpr size_t kMostElements = 4096;     // of the set, when it is looked for

uint16_t promise_type = 0;  // 0: not known
size_t waits_at = 0;        // of a context: the slot of the set; 0: not known

HeapWord StateOf(const HeapWord* promise) { return promise[kFlags] >> 32 & 3; }

bool LooksAsExpected(const HeapWord* pending, const HeapWord* fulfilled) {
  return pending != nullptr && fulfilled != nullptr && TypeOf(pending) == TypeOf(fulfilled) &&
         pending[kReactions] == 0 && StateOf(pending) == 0 && fulfilled[kReactions] == SmallInteger(7) &&
         StateOf(fulfilled) == 1;
}

// Is it an array with this element? What a slot of a context refers to may be anything.
bool HasElement(HeapWord reference, HeapWord element) {
  HeapWord head[kFirstElement], elements[64];
  const auto array = reinterpret_cast<uintptr_t>(ObjectAt(reference));
  if (array == 0 || !Peek(array, head, sizeof head)) return false;
  const size_t count = LengthOf(head);
  if (static_cast<uint32_t>(head[kArrayLength]) != 0 || count == 0 || count > kMostElements) return false;
  for (size_t at = 0; at < count; at++) {
    const size_t in_part = at % 64;
    const size_t part = count - at < 64 ? count - at : 64;
    const uintptr_t from = array + (kFirstElement + at) * sizeof(HeapWord);
    if (in_part == 0 && !Peek(from, elements, part * sizeof(HeapWord))) return false;
    if (elements[in_part] == element) return true;
  }
  return false;
}

// The one slot of the context whose set has this promise, or 0.
size_t FindSet(const HeapWord* context, HeapWord promise) {
  size_t found = 0;
  for (size_t slot = kFirstElement; slot < kFirstElement + LengthOf(context); slot++) {
    if (!HasElement(context[slot], promise)) continue;
    if (found != 0) return 0;
    found = slot;
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

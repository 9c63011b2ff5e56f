// The contexts of V8's isolate, and what a reference in its heap refers to.
#ifndef POSIX_ASYNC_CORE_FORK_CONTEXTS_H_
#define POSIX_ASYNC_CORE_FORK_CONTEXTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>

namespace posix_async::fork {

// A word of V8's heap, or of an object in it. References are odd; small integers are in the upper half.
using HeapWord = uintptr_t;
constexpr HeapWord SmallInteger(HeapWord value) { return value << 32; }
inline HeapWord* ObjectAt(HeapWord reference) {
  return (reference & 3) == 1 ? reinterpret_cast<HeapWord*>(reference - 1) : nullptr;
}

// An array begins with its map and its length, which its elements follow; a context is one.
constexpr int kArrayLength = 1;
constexpr int kFirstElement = 2;
inline size_t LengthOf(const HeapWord* array) { return array[kArrayLength] >> 32; }

// Which kind of object it is: the number that its map names.
uint16_t TypeOf(const HeapWord* object);

// A handle of V8's: the address of a reference.
using HandleSlot = const void*;
inline HeapWord* ObjectIn(HandleSlot slot) { return ObjectAt(*static_cast<const HeapWord*>(slot)); }

// The contexts that v8.h tells by these names; null where there is none.
HeapWord* CurrentContext();
HandleSlot CurrentContextHandle();
HeapWord* EnteredContext();

// Where an isolate and its contexts keep the list of contexts: indices of words in the isolate, and in a context.
struct ContextList {
  size_t newest = 0;  // of the isolate; 0: not known
  size_t link = 0;
  HeapWord length = 0;  // of a context
};

void KnowContexts(const HeapWord* isolate, const ContextList& list);

// Calls `use` with each context that the list tells, if it is known.
void ForEachContext(const std::function<void(HeapWord* context)>& use);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_CONTEXTS_H_

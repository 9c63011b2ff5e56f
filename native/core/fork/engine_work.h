// What V8 has under way for JavaScript of the parent's and would hand to the main thread when it is done.
#ifndef POSIX_ASYNC_CORE_FORK_ENGINE_WORK_H_
#define POSIX_ASYNC_CORE_FORK_ENGINE_WORK_H_

#include "contexts.h"

namespace posix_async::fork {

// In the parent: learns what a FinalizationRegistry looks like, from one that is new and its callback. False where it
// looks otherwise than expected, or V8 has no call to give compilations up by: then what is due in the parent may be
// told in a child as well.
bool FindRegistries(HandleSlot registry, HandleSlot callback);

// In the child, with a handle scope open: compilations of WebAssembly are given up, what FinalizationRegistries had to
// tell is forgotten, and no Atomics.waitAsync of the parent's is heard of. The child's own work as ever.
void DropEngineWork();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_ENGINE_WORK_H_

// Fate: what becomes of a parked thread in the child.
#ifndef POSIX_ASYNC_CORE_FORK_FATE_H_
#define POSIX_ASYNC_CORE_FORK_FATE_H_

#include "thread_table.h"

namespace posix_async::fork {

// Before threads are parked.
void PrepareToJudge();

// With every thread stopped: settles `fate` of those that were parked by a signal. Returns a thread that will not live
// in the child and may hold a lock where it stands, or null. `careful`: also where it holds one only
// by chance; a thread may stand in such places for long.
const Thread* JudgeAll(const ThreadTable& table, bool careful);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_FATE_H_

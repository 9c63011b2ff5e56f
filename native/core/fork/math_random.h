// Math.random of every context, which must not go on in a child where it stood in the parent.
#ifndef POSIX_ASYNC_CORE_FORK_MATH_RANDOM_H_
#define POSIX_ASYNC_CORE_FORK_MATH_RANDOM_H_

#include <functional>

namespace posix_async::fork {

// What draws one number.
using Draw = std::function<void()>;

// In the parent, on a thread that has entered its isolate: finds where V8 keeps the numbers. `in_new_context(probe)`
// makes a context and calls `probe` from a script in it, with what draws from that context's Math.random. False where
// it was not found; then Math.random goes on in children.
bool FindMathRandom(const std::function<void(const std::function<void(const Draw&)>& probe)>& in_new_context);

// In the child: each context's Math.random begins anew, from random numbers of the kernel's. 0 or a negative
// errno.
int RenewMathRandom();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_MATH_RANDOM_H_

// The program's code on huge pages, for a process whose children are many and short.
#ifndef POSIX_ASYNC_CORE_FORK_HUGE_TEXT_H_
#define POSIX_ASYNC_CORE_FORK_HUGE_TEXT_H_

namespace posix_async::fork {

// Once a process, on any thread; the others may run. Takes as much memory as the code is large (some 24 MiB) and some
// milliseconds. 0, or a negative errno where the kernel has no huge pages to give or refuses: nothing has changed then.
int MoveTextToHugePages();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_HUGE_TEXT_H_

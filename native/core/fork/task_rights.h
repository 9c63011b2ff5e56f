// What each task of this process may do: its users, groups and capabilities, as the kernel shows them.
#ifndef POSIX_ASYNC_CORE_FORK_TASK_RIGHTS_H_
#define POSIX_ASYNC_CORE_FORK_TASK_RIGHTS_H_

namespace posix_async::fork {

// 0: every task has the users, groups, capabilities and no_new_privs of the calling one. The number of one that
// differs, or -errno where /proc does not tell of all of them.
int FindTaskOfOtherRights();

// Whether the calling task has capabilities, in effect or at hand: 1, 0 or -errno.
int HasCapabilities();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_TASK_RIGHTS_H_

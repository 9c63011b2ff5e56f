// Users, groups and capabilities belong to each task for itself: that all have the same is read from the kernel, task
// by task, and not taken from what a call has returned. See: man 7 credentials, man 7 capabilities, man 5 proc.
#include "task_rights.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>

#include "tasks.h"

namespace posix_async::fork {
namespace {

constexpr const char* kLines[] = {
    "\nUid:", "\nGid:", "\nGroups:", "\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapAmb:", "\nNoNewPrivs:"};

// More than any that has dropped its groups; one whose lines lie further behind has not.
constexpr size_t kMostStatus = 4096;

// 0, 1 where a line differs, or -errno.
int Compare(const char* one, const char* other) {
  for (const char* name : kLines) {
    const char* line = strstr(one, name);
    const char* same = strstr(other, name);
    if (line == nullptr || same == nullptr) return -ENODATA;
    line++;
    same++;
    const size_t length = strcspn(line, "\n"), length_of_other = strcspn(same, "\n");
    if (length != length_of_other || memcmp(line, same, length) != 0) return 1;
  }
  return 0;
}

// -ESRCH where the task has ended.
int ReadStatus(pid_t tid, char* text) {
  const ssize_t length = ReadTaskFile(tid, "status", text, kMostStatus);
  if (length == -ENOENT) return -ESRCH;
  return length < 0 ? static_cast<int>(length) : 0;
}

}  // namespace

int FindTaskOfOtherRights() {
  char own[kMostStatus], other[kMostStatus];
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  int found = ReadStatus(self, own);
  if (found != 0) return found;
  const int error = ForEachTask([&](pid_t tid) {
    if (tid == self) return true;
    const int status = ReadStatus(tid, other);
    const int difference = status == 0 ? Compare(own, other) : status;
    if (difference == -ESRCH) return true;
    found = difference > 0 ? tid : difference;
    return found == 0;
  });
  return found != 0 ? found : error;
}

int HasCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return -errno;
  for (const auto& set : sets)
    if (set.effective != 0 || set.permitted != 0) return 1;
  return 0;
}

}  // namespace posix_async::fork

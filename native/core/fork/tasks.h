// The tasks of this process, as /proc/self/task tells them: listed and read without malloc. See: man 5 proc.
#ifndef POSIX_ASYNC_CORE_FORK_TASKS_H_
#define POSIX_ASYNC_CORE_FORK_TASKS_H_

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace posix_async::fork {

// Reads the small file `name` of a task, which the kernel gives whole in one read, and ends it with a 0. Its length, or
// -errno.
inline ssize_t ReadTaskFile(pid_t tid, const char* name, char* text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/%s", tid, name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  const ssize_t length = read(fd, text, size - 1);
  const int error = errno;
  close(fd);
  text[length > 0 ? length : 0] = 0;
  return length < 0 ? -error : length;
}

// Calls `use(number, folder)`, until it gives false, for each entry of a folder of /proc whose names are numbers, with
// the descriptor of that folder. 0 or -errno.
template <typename Use>
int ForEachNumber(const char* path, Use use) {
  const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -errno;
  alignas(dirent64) char entries[8192];
  bool goes_on = true;
  long length = 0;
  while (goes_on && (length = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
    for (long at = 0; goes_on && at < length;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      goes_on = entry->d_name[0] == '.' || use(atoi(entry->d_name), folder);
      at += entry->d_reclen;
    }
  }
  const int error = goes_on && length < 0 ? -errno : 0;
  close(folder);
  return error;
}

// Calls `use(tid)`, until it gives false, for each task of this process. 0 or -errno.
template <typename Use>
int ForEachTask(Use use) {
  return ForEachNumber("/proc/self/task", [&](int tid, int) { return use(tid); });
}

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_TASKS_H_

// The other threads of this process, from /proc/self/task. See: man 5 proc.
#include "thread_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "revive.h"

namespace posix_async::fork {
namespace {

// Reads a small /proc file; the kernel gives it whole in one read.
ssize_t ReadTaskFile(pid_t tid, const char* name, char* text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/%s", tid, name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  const ssize_t length = read(fd, text, size - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  return length;
}

// Records live as long as the process, and side by side: each fork writes to all of them, and each page that is written
// to after a fork is copied.
Thread* NewRecord() {
  constexpr size_t kBlock = 32;
  static Thread* block = nullptr;
  static size_t used = kBlock;
  if (used == kBlock) {
    void* memory = Map(kBlock * sizeof(Thread));
    if (memory == nullptr) return nullptr;
    block = new (memory) Thread[kBlock];
    used = 0;
  }
  return &block[used++];
}

// Calls `use(tid)`, until it gives false, for each thread of this process. As readdir, which calls malloc. 0 or -errno.
template <typename Use>
int ForEachTask(Use use) {
  const int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  alignas(dirent64) char entries[8192];
  bool goes_on = true;
  long length;
  while (goes_on && (length = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0) {
    for (long at = 0; goes_on && at < length;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      const pid_t tid = atoi(entry->d_name);
      goes_on = tid <= 0 || use(tid);
      at += entry->d_reclen;
    }
  }
  const int error = goes_on && length < 0 ? -errno : 0;
  close(fd);
  return error;
}

}  // namespace

int* TidAddress() {
  int* address = nullptr;
  if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) == 0 && address != nullptr) return address;
  // A kernel without checkpoint/restore: look for the number in struct pthread.
  const int tid = static_cast<int>(syscall(SYS_gettid));
  char* descriptor = reinterpret_cast<char*>(pthread_self());
  for (size_t offset = 0x80; offset < 0x900; offset += sizeof(int)) {
    if (*reinterpret_cast<int*>(descriptor + offset) == tid) return reinterpret_cast<int*>(descriptor + offset);
  }
  return nullptr;
}

Blocking HowItBlocks(pid_t tid, int signal) {
  char text[4096];
  if (ReadTaskFile(tid, "status", text, sizeof text) <= 0) return Blocking::kNot;
  const char* line = strstr(text, "SigBlk:");
  if (line == nullptr) return Blocking::kNot;
  const unsigned long mask = strtoul(line + 7, nullptr, 16);
  if (((mask >> (signal - 1)) & 1) == 0) return Blocking::kNot;
  return strstr(text, "State:\tS") != nullptr ? Blocking::kAsleep : Blocking::kAwake;
}

void ThreadName(pid_t tid, char name[16]) {
  if (ReadTaskFile(tid, "comm", name, 16) <= 0) strcpy(name, "?");
  name[strcspn(name, "\n")] = 0;
}

bool ThreadTable::IsComplete() const {
  // A directory has one link for itself, one in its parent, and one for each folder in it: here, each thread.
  struct stat status;
  return stat("/proc/self/task", &status) == 0 && status.st_nlink - 2 == threads_.size() + 1;
}

Thread* ThreadTable::Find(pid_t tid) {
  const auto found = std::find_if(threads_.begin(), threads_.end(), [&](Thread* thread) { return thread->tid == tid; });
  return found == threads_.end() ? nullptr : *found;
}

Thread* ThreadTable::Add(pid_t tid) {
  void* stack = Map(kTrampolineSize);
  Thread* thread = stack == nullptr ? nullptr : NewRecord();
  if (thread == nullptr) return nullptr;
  thread->tid = tid;
  thread->trampoline = static_cast<char*>(stack);
  threads_.push_back(thread);
  return thread;
}

int ThreadTable::Refresh() {
  const pid_t self = static_cast<pid_t>(syscall(SYS_gettid));
  for (Thread* thread : threads_) thread->seen = false;
  int added = 0;
  bool has_memory = true;
  const int error = ForEachTask([&](pid_t tid) {
    if (tid == self) return true;
    Thread* thread = Find(tid);
    if (thread == nullptr) {
      thread = Add(tid);
      added++;
    }
    has_memory = thread != nullptr;
    if (has_memory) thread->seen = true;
    return has_memory;
  });
  if (error != 0 || !has_memory) return error != 0 ? error : -ENOMEM;
  // The trampoline of a thread that is gone is given back; its record is not, see Thread.
  const auto gone = std::partition(threads_.begin(), threads_.end(), [](Thread* thread) { return thread->seen; });
  std::for_each(gone, threads_.end(), [](Thread* thread) { munmap(thread->trampoline, kTrampolineSize); });
  threads_.erase(gone, threads_.end());
  return added;
}

}  // namespace posix_async::fork

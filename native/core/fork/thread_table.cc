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
    block = new Thread[kBlock];
    used = 0;
  }
  return &block[used++];
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
  void* stack = mmap(nullptr, kTrampolineSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) return nullptr;
  Thread* thread = NewRecord();
  thread->tid = tid;
  thread->trampoline = static_cast<char*>(stack);
  threads_.push_back(thread);
  return thread;
}

int ThreadTable::Refresh() {
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return -errno;
  const pid_t self = static_cast<pid_t>(syscall(SYS_gettid));
  for (Thread* thread : threads_) thread->seen = false;
  int added = 0, error = 0;
  while (const dirent* entry = readdir(tasks)) {
    const pid_t tid = atoi(entry->d_name);
    if (tid <= 0 || tid == self) continue;
    Thread* thread = Find(tid);
    if (thread == nullptr) {
      thread = Add(tid);
      added++;
    }
    if (thread == nullptr) {
      error = -ENOMEM;
      break;
    }
    thread->seen = true;
  }
  closedir(tasks);
  if (error != 0) return error;
  // The trampoline of a thread that is gone is given back; its record is not, see Thread.
  const auto gone = std::partition(threads_.begin(), threads_.end(), [](Thread* thread) { return thread->seen; });
  std::for_each(gone, threads_.end(), [](Thread* thread) { munmap(thread->trampoline, kTrampolineSize); });
  threads_.erase(gone, threads_.end());
  return added;
}

}  // namespace posix_async::fork

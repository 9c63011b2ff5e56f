// The other threads of this process, from /proc/self/task. See: man 5 proc.
#include "thread_table.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>

#include "revive.h"
#include "tasks.h"

namespace posix_async::fork {
namespace {

// Records live as long as the process, and side by side: each fork writes to all of them, and each page that is written
// to after a fork is copied.
struct Block {
  Block* older = nullptr;
  Thread threads[32];
};

std::atomic<Block*> newest_block{nullptr};

Thread* NewRecord() {
  constexpr size_t kBlock = std::size(Block{}.threads);
  static size_t used = kBlock;
  if (used == kBlock) {
    void* memory = Map(sizeof(Block));
    if (memory == nullptr) return nullptr;
    auto* block = new (memory) Block();
    block->older = newest_block.load();
    newest_block = block;
    used = 0;
  }
  return &newest_block.load()->threads[used++];
}

// Whether /proc knows this process by its own number. Where there is no /proc the listing says so.
bool IsOwnProc() {
  char number[16];
  const ssize_t length = readlink("/proc/self", number, sizeof number - 1);
  if (length < 0) return true;
  number[length] = 0;
  return atoi(number) == getpid();
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

bool IsRecord(const Thread* address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  for (const Block* block = newest_block.load(); block != nullptr; block = block->older) {
    const auto from = reinterpret_cast<uintptr_t>(block->threads);
    if (at >= from && at < from + sizeof block->threads) return (at - from) % sizeof(Thread) == 0;
  }
  return false;
}

int HowItBlocks(pid_t tid, int signal, Blocking* how) {
  *how = Blocking::kNot;
  char text[4096];
  const ssize_t length = ReadTaskFile(tid, "status", text, sizeof text);
  if (length < 0) return length == -ENOENT || length == -ESRCH ? 0 : static_cast<int>(length);
  const char* line = strstr(text, "SigBlk:");
  if (line == nullptr) return 0;
  const unsigned long mask = strtoul(line + 7, nullptr, 16);
  if (((mask >> (signal - 1)) & 1) == 0) return 0;
  *how = strstr(text, "State:\tS") != nullptr ? Blocking::kAsleep : Blocking::kAwake;
  return 0;
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

// A thread stays `seen` where the listing was not read to its end.
int ThreadTable::Refresh() {
  const pid_t self = static_cast<pid_t>(syscall(SYS_gettid));
  for (Thread* thread : threads_) thread->seen = false;
  int added = 0;
  bool has_memory = true;
  int error = IsOwnProc() ? 0 : kForeignProc;
  if (error == 0)
    error = ForEachTask([&](pid_t tid) {
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
  if (!has_memory) error = -ENOMEM;
  if (error != 0) {
    for (Thread* thread : threads_) thread->seen = true;
    return error;
  }
  // The trampoline of a thread that is gone is given back; its record is not, see Thread.
  const auto gone = std::partition(threads_.begin(), threads_.end(), [](Thread* thread) { return thread->seen; });
  std::for_each(gone, threads_.end(), [](Thread* thread) { munmap(thread->trampoline, kTrampolineSize); });
  threads_.erase(gone, threads_.end());
  return added;
}

}  // namespace posix_async::fork

// Recognising a Worker's thread.
//
// The facts it rests on: glibc keeps the argument that a thread was created with in the thread's struct pthread, which
// begins at its thread pointer; a Worker's thread is created with its node::worker::Worker, whose first word points
// into that class's virtual table; and that table is a symbol which every Node exports.
#include "worker_thread.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

#include "peek.h"

namespace posix_async::fork {
namespace {

uintptr_t first_word = 0;  // of every Worker; 0: not known

bool IsWorker(uintptr_t address) {
  uintptr_t word = 0;
  return address >= 0x10000 && address % sizeof word == 0 && Peek(address, &word, sizeof word) && word == first_word;
}

}  // namespace

void PrepareToRecogniseWorkers() {
  const auto table = reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "_ZTVN4node6worker6WorkerE"));
  if (table != 0) first_word = table + 2 * sizeof(void*);
}

bool IsWorkerThread(const void* thread_pointer) {
  if (first_word == 0) return false;
  constexpr uintptr_t kSize = 0x900;  // of struct pthread, at most; behind it the mapping may end
  uintptr_t words[32];
  const auto begin = reinterpret_cast<uintptr_t>(thread_pointer);
  for (uintptr_t at = begin; at < begin + kSize && Peek(at, words, sizeof words); at += sizeof words)
    for (const uintptr_t word : words)
      if (IsWorker(word)) return true;
  return false;
}

}  // namespace posix_async::fork

// A thread's origin, read from the C library's record of it.
//
// The facts it rests on: glibc keeps the function that a thread was created with, and the argument, in the thread's
// struct pthread, which begins at its thread pointer, and keeps no other address of the program's code there. A
// Worker's thread is created with its node::worker::Worker, whose first word points into that class's virtual table;
// and that table is a symbol which every Node exports.
#include "origin.h"

#include <dlfcn.h>

#include <cstddef>

#include "program.h"

namespace posix_async::fork {
namespace {

uintptr_t first_word = 0;  // of every Worker; 0: not known

bool IsWorker(uintptr_t address) {
  uintptr_t word = 0;
  return first_word != 0 && address >= 0x10000 && address % sizeof word == 0 && Peek(address, &word, sizeof word) &&
         word == first_word;
}

}  // namespace

void PrepareToRecognise() {
  TheProgram();
  const auto table = reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "_ZTVN4node6worker6WorkerE"));
  if (table != 0) first_word = table + 2 * sizeof(void*);
}

Origin OriginOf(const void* thread_pointer) {
  constexpr uintptr_t kSize = 0x900;  // of struct pthread, at most; behind it the mapping may end
  Origin origin;
  uintptr_t words[32];
  const auto begin = reinterpret_cast<uintptr_t>(thread_pointer);
  for (uintptr_t at = begin; at < begin + kSize && Peek(at, words, sizeof words); at += sizeof words) {
    for (const uintptr_t word : words) {
      if (origin.start_routine == 0 && TheProgram().code.Has(word)) origin.start_routine = word;
      origin.is_worker |= IsWorker(word);
    }
  }
  return origin;
}

}  // namespace posix_async::fork

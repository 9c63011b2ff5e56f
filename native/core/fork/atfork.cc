// Fork handlers, from the C library's own list.
//
// The fact it rests on: libuv puts its thread pool and its signal pipe right in a child by handlers that it registered
// with pthread_atfork, OpenSSL its random numbers, allocators their locks. glibc's fork() runs them, and fork() cannot
// be used here (see fork.cc). glibc keeps them in a dynamic array whose head, in its own data, is: how many are used,
// how many fit, where they are. An entry begins with the three functions; what follows depends on the version. So two
// entries of our own are registered, one after the other, and looked up: they tell where the array is and how large an
// entry is. See: man 3 pthread_atfork.
#include "atfork.h"

#include <link.h>
#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace posix_async::fork {
namespace {

using Handler = void (*)();

struct Entry {
  Handler prepare, parent, child;
};

// The head of glibc's list.
struct List {
  size_t used, allocated;
  const char* entries;
};

volatile int marks = 0;
void FirstMark() { marks = marks + 1; }
void SecondMark() { marks = marks + 2; }

bool IsMark(const uintptr_t* words, Handler mark) {
  const auto value = reinterpret_cast<uintptr_t>(mark);
  return words[0] == value && words[1] == value && words[2] == value;
}

struct Search {
  const uintptr_t* begin = nullptr;  // the C library's writable memory
  const uintptr_t* end = nullptr;
};

int FindLibraryData(dl_phdr_info* library, size_t, void* argument) {
  const char* name = strrchr(library->dlpi_name, '/');
  if (name == nullptr || strncmp(name, "/libc.so", 8) != 0) return 0;
  auto* search = static_cast<Search*>(argument);
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const auto& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
    // The first page of the segment may have been made read-only after relocation: reading is all that is done.
    search->begin = reinterpret_cast<const uintptr_t*>((library->dlpi_addr + segment.p_vaddr + 7) & ~uintptr_t{7});
    search->end = reinterpret_cast<const uintptr_t*>(library->dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  return 1;
}

const uintptr_t* FindMark(const Search& search, Handler mark) {
  for (const uintptr_t* at = search.begin; at + 3 <= search.end; at++)
    if (IsMark(at, mark)) return at;
  return nullptr;
}

struct Found {
  const List* list = nullptr;
  size_t stride = 0;
};

// The head: a pointer to the array's start, with counts in front of it that fit our two entries' places.
Found FindList() {
  Search search;
  dl_iterate_phdr(FindLibraryData, &search);
  if (search.begin == nullptr) return {};
  if (pthread_atfork(FirstMark, FirstMark, FirstMark) != 0 || pthread_atfork(SecondMark, SecondMark, SecondMark) != 0)
    return {};
  const auto first = reinterpret_cast<uintptr_t>(FindMark(search, FirstMark));
  const auto second = reinterpret_cast<uintptr_t>(FindMark(search, SecondMark));
  if (first == 0 || second <= first || second - first < sizeof(Entry) || second - first > 128) return {};
  const size_t stride = second - first;
  for (const uintptr_t* at = search.begin; at + 3 <= search.end; at++) {
    const uintptr_t start = at[2];
    if (start > first || (first - start) % stride != 0) continue;
    const size_t index = (first - start) / stride;
    if (at[0] == index + 2 && at[1] >= at[0] && at[1] < 4096) return {reinterpret_cast<const List*>(at), stride};
  }
  return {};
}

const Found& Handlers() {
  static const Found found = FindList();
  return found;
}

Entry EntryAt(size_t index) {
  const Found& found = Handlers();
  Entry entry;
  memcpy(&entry, found.list->entries + index * found.stride, sizeof entry);
  return entry;
}

void RunInOrder(Handler Entry::*which) {
  if (!HandlersAreKnown()) return;
  for (size_t i = 0; i < Handlers().list->used; i++) {
    const Handler handler = EntryAt(i).*which;
    if (handler != nullptr) handler();
  }
}

}  // namespace

bool HandlersAreKnown() { return Handlers().list != nullptr; }

void RunPrepareHandlers() {
  if (!HandlersAreKnown()) return;
  for (size_t i = Handlers().list->used; i-- > 0;) {
    const Handler handler = EntryAt(i).prepare;
    if (handler != nullptr) handler();
  }
}

void RunParentHandlers() { RunInOrder(&Entry::parent); }

void RunChildHandlers() { RunInOrder(&Entry::child); }

}  // namespace posix_async::fork

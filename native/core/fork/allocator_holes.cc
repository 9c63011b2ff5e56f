// Holes of the allocator, plugged by allocating them.
//
// The facts it rests on: glibc's malloc gives out the free piece that fits best, wherever it lies, and the heap of a
// program that has been running for a while has hundreds, one in every other page; a child that allocates writes to one
// page of the parent's after the other, and each is copied for it. Where there are no such pieces malloc cuts from the
// top, page after page of memory that nobody has used. See: man 3 malloc, mallinfo2, man 2 sbrk.
#include "allocator_holes.h"

#include <malloc.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "program.h"

namespace posix_async::fork {
namespace {

struct Plug {
  Plug* next;
};
Plug* plugs = nullptr;
int users = 0;

constexpr size_t kLargest = 128 * 1024;  // above it, malloc asks the kernel
constexpr size_t kSmallest = 24;
constexpr size_t kMost = size_t{16} << 20;  // in all: what is taken out of use is lost to the parent

// Where the allocator's memory that has been used before lies, below its top; from 0 to 0 where that is unknown.
Range UsedMemory() {
#if defined(__GLIBC__)
  const struct mallinfo2 info = mallinfo2();
  const auto end = reinterpret_cast<uintptr_t>(sbrk(0));
  if (info.arena != 0 && info.arena < end) return {end - info.arena, end - info.keepcost};
#endif
  return {};
}

size_t SmallerThan(size_t size) { return size > 4096 ? size / 2 : size > 1024 ? size - 256 : size - 16; }

// From the largest to the smallest, so that no plug takes a piece of a hole that a larger one would have filled.
void PlugAll() {
  const Range used = UsedMemory();
  size_t taken = 0;
  for (size_t size = kLargest; size >= kSmallest; size = SmallerThan(size)) {
    void* piece = malloc(size);
    for (; used.Has(reinterpret_cast<uintptr_t>(piece)) && taken < kMost; piece = malloc(size)) {
      taken += size;
      plugs = new (piece) Plug{plugs};
    }
    free(piece);
  }
}

}  // namespace

AllocatorHolesPlugged::AllocatorHolesPlugged() {
  if (users++ == 0) PlugAll();
}

AllocatorHolesPlugged::~AllocatorHolesPlugged() {
  if (--users > 0) return;
  while (plugs != nullptr) {
    Plug* const next = plugs->next;
    free(plugs);
    plugs = next;
  }
}

}  // namespace posix_async::fork

// Pages of V8's heap, side by side.
//
// The facts it rests on: V8 maps each page of its heap (256 KiB) at an address of its own drawing, somewhere in 64 TiB.
// Such a page is a mapping of its own and needs page tables of its own, on three levels; a fork makes all of them anew,
// and the child's end takes them apart. Eight that lie side by side share them, and all are one mapping. The address is
// a hint: V8 takes what it is given. It asks for more than it needs, up to the next multiple of a heap page, and gives
// the rest back; what it no longer needs it unmaps. MAP_FIXED_NOREPLACE fails where something is already. See: man 2
// mmap.
#include "heap_placement.h"

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "redirect.h"

namespace posix_async::fork {
namespace {

constexpr uintptr_t kPage = 4096;
constexpr uintptr_t kHeapPage = 256 * 1024;
constexpr uintptr_t kTable = uintptr_t{2} << 20;  // what one page of page tables maps
constexpr size_t kMostPages = 16;                 // what is larger is mapped once, and shares nothing
constexpr size_t kBits = 64;

constexpr int kAttempts = 8;

// Room for 16 GiB of heap pages, at an address that V8 drew: places in use are ones. Without a lock, which a thread
// that does not live in a child might hold there.
std::atomic<uintptr_t> room{0};
std::atomic<uint64_t> used[1024];
constexpr size_t kPlaces = std::size(used) * kBits;

void* (*real_mmap)(void*, size_t, int, int, int, off_t) = nullptr;
int (*real_munmap)(void*, size_t) = nullptr;

uintptr_t RoundUp(uintptr_t size, uintptr_t to) { return (size + to - 1) & ~(to - 1); }

// How many pages of the heap the call is for; 0: it is for something else.
size_t HeapPagesOf(const void* hint, size_t length, int flags) {
  if (hint == nullptr || reinterpret_cast<uintptr_t>(hint) % kHeapPage != 0) return 0;
  if ((flags & (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)) != (MAP_PRIVATE | MAP_ANONYMOUS)) return 0;
  if (length + kPage <= kHeapPage) return 0;
  const size_t count = RoundUp(length + kPage - kHeapPage, kHeapPage) / kHeapPage;
  return count <= kMostPages ? count : 0;
}

uintptr_t RoomAt(const void* hint) {
  uintptr_t at = room.load();
  const uintptr_t drawn = RoundUp(reinterpret_cast<uintptr_t>(hint), kTable);
  return at != 0 || !room.compare_exchange_strong(at, drawn) ? at : drawn;
}

bool HasNeighboursFree(uint64_t used_places) { return (~used_places & ~used_places >> 1) != 0; }

// Takes `count` places side by side, the lowest from `first` on with a free one behind them, for what is asked for and
// given back. The number of the first; kPlaces where there are none.
size_t Take(size_t first, size_t count) {
  const uint64_t taken = (uint64_t{1} << count) - 1, needed = taken << 1 | 1;
  for (size_t place = first; place < kPlaces; place++) {
    const size_t at = place % kBits;
    if (at + count >= kBits) continue;
    std::atomic<uint64_t>& word = used[place / kBits];
    uint64_t bits = word.load();
    if (at == 0 && !HasNeighboursFree(bits)) {
      place += kBits - 1;
      continue;
    }
    while ((bits & needed << at) == 0)
      if (word.compare_exchange_weak(bits, bits | taken << at)) return place;
  }
  return kPlaces;
}

// The places that lie in [from, to) whole.
void Give(uintptr_t from, uintptr_t to) {
  const uintptr_t start = room.load(std::memory_order_relaxed);
  if (start == 0 || from < start || to > start + kPlaces * kHeapPage) return;
  for (uintptr_t at = RoundUp(from - start, kHeapPage); at + kHeapPage <= to - start; at += kHeapPage) {
    const size_t place = at / kHeapPage;
    used[place / kBits].fetch_and(~(uint64_t{1} << place % kBits));
  }
}

// MAP_FAILED where it would have to lie elsewhere: where something is already, or another thread has not yet given back
// what it asked for, the next place is tried.
void* MapInRoom(uintptr_t start, size_t count, size_t length, int protection, int flags) {
  size_t place = 0;
  for (int attempt = 0; attempt < kAttempts; attempt++, place++) {
    place = Take(place, count);
    if (place == kPlaces) break;
    const uintptr_t there = start + place * kHeapPage;
    void* const mapped =
        real_mmap(reinterpret_cast<void*>(there), length, protection, flags | MAP_FIXED_NOREPLACE, -1, 0);
    if (mapped == reinterpret_cast<void*>(there)) return mapped;
    Give(there, there + count * kHeapPage);
    if (mapped != MAP_FAILED) return mapped;  // an older kernel, to which it was a hint
  }
  return MAP_FAILED;
}

void* Map(void* hint, size_t length, int protection, int flags, int fd, off_t offset) {
  if (const size_t count = HeapPagesOf(hint, length, flags)) {
    void* const mapped = MapInRoom(RoomAt(hint), count, length, protection, flags);
    if (mapped != MAP_FAILED) return mapped;
  }
  return real_mmap(hint, length, protection, flags, fd, offset);
}

int Unmap(void* address, size_t length) {
  const int result = real_munmap(address, length);
  const auto from = reinterpret_cast<uintptr_t>(address);
  if (result == 0) Give(from, from + length);
  return result;
}

const Redirection kHooks[] = {
    {"munmap", reinterpret_cast<void*>(Unmap)},
    {"mmap", reinterpret_cast<void*>(Map)},
    {"mmap64", reinterpret_cast<void*>(Map)},
};

}  // namespace

void PlaceHeapTogether() {
  static const bool found = Find("mmap64", &real_mmap) && Find("munmap", &real_munmap);
  if (found) RedirectCalls(kHooks, std::size(kHooks));
}

}  // namespace posix_async::fork

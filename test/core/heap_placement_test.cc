// Where pages of a heap are mapped, without Node, one case a name. Judged by test/core/heap-placement.test.ts.
#include "core/fork/heap_placement.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <set>
#include <vector>

#include "cases.h"

using namespace posix_async;

namespace {

constexpr uintptr_t kHeapPage = 256 * 1024;
constexpr uintptr_t kRoom = uintptr_t{16} << 30;
constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// As V8 does it: at an address of its own drawing, with more than it needs, which goes back.
uintptr_t MapPages(size_t count) {
  static uintptr_t drawn = uintptr_t{0x1000} << 30;
  drawn += 37 * (uintptr_t{1} << 30);
  const size_t size = count * kHeapPage, asked = size + kHeapPage - 4096;
  void* const mapped = mmap(reinterpret_cast<void*>(drawn), asked, PROT_NONE, kFlags, -1, 0);
  CHECK(mapped != MAP_FAILED);
  const auto from = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = (from + kHeapPage - 1) & ~(kHeapPage - 1);
  if (aligned > from) CHECK(munmap(mapped, aligned - from) == 0);
  if (aligned + size < from + asked)
    CHECK(munmap(reinterpret_cast<void*>(aligned + size), from + asked - aligned - size) == 0);
  return aligned;
}

void Unmap(uintptr_t at, size_t count) { CHECK(munmap(reinterpret_cast<void*>(at), count * kHeapPage) == 0); }

uintptr_t SpanOf(const std::set<uintptr_t>& pages) { return (*pages.rbegin() - *pages.begin()) / kHeapPage + 1; }

void Apart() {
  std::set<uintptr_t> pages;
  for (int i = 0; i < 100; i++) pages.insert(MapPages(1));
  printf("before: together %d\n", SpanOf(pages) == 100);
}

// One behind the other.
void WriteBatch() {
  Apart();
  fork::PlaceHeapTogether();
  std::set<uintptr_t> pages;
  for (int i = 0; i < 100; i++) pages.insert(MapPages(1));
  printf("pages %zu together %d\n", pages.size(), SpanOf(pages) <= 102);
}

// Five times as many as there is room for, never more than 50 at a time, of one to five pages each.
void ComeAndGo() {
  fork::PlaceHeapTogether();
  std::vector<std::pair<uintptr_t, size_t>> alive;
  std::set<uintptr_t> seen;
  uint64_t random = 7;
  for (int i = 0; i < 5 * static_cast<int>(kRoom / kHeapPage) / 3; i++) {
    random = random * 6364136223846793005 + 1442695040888963407;
    const size_t count = 1 + (random >> 33) % 5;
    if (alive.size() == 50) {
      auto& given = alive[(random >> 40) % alive.size()];
      Unmap(given.first, given.second);
      given = alive.back();
      alive.pop_back();
    }
    alive.emplace_back(MapPages(count), count);
    seen.insert(alive.back().first);
  }
  printf("span below %d\n", SpanOf(seen) < 400);
}

// What somebody else has there stays.
void Occupied() {
  fork::PlaceHeapTogether();
  const uintptr_t first = MapPages(1);
  void* const next = reinterpret_cast<void*>(first + kHeapPage);
  CHECK(mmap(next, kHeapPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == next);
  *static_cast<int*>(next) = 42;
  const uintptr_t second = MapPages(1), third = MapPages(1);
  printf("value %d, then %d\n", *static_cast<int*>(next),
         second == first + 2 * kHeapPage && third == second + kHeapPage);
}

// More than there is room for.
void Full() {
  fork::PlaceHeapTogether();
  std::set<uintptr_t> pages;
  for (uintptr_t i = 0; i < kRoom / kHeapPage + 10; i++) pages.insert(MapPages(1));
  printf("pages %zu\n", pages.size() - static_cast<size_t>(kRoom / kHeapPage));
}

}  // namespace

int main(int count, char** arguments) {
  return RunCase(count, arguments,
                 {{"together", WriteBatch}, {"comeAndGo", ComeAndGo}, {"occupied", Occupied}, {"full", Full}});
}

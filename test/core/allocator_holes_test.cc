// A heap full of holes, and where malloc takes its memory from while they are plugged. See allocator-holes.test.ts.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/fork/allocator_holes.h"

namespace {

constexpr size_t kPieces = 4000;
constexpr size_t kSize = 200;

// How many of a hundred pieces lie below `top`.
int CountBelow(const void* top) {
  std::vector<void*> pieces;
  int below = 0;
  for (int i = 0; i < 100; i++) {
    pieces.push_back(malloc(kSize));
    below += reinterpret_cast<uintptr_t>(pieces.back()) < reinterpret_cast<uintptr_t>(top);
  }
  for (void* piece : pieces) free(piece);
  return below;
}

}  // namespace

int main() {
  std::vector<void*> pieces;
  for (size_t i = 0; i < kPieces; i++) pieces.push_back(malloc(kSize));
  const void* top = pieces.back();
  for (size_t i = 0; i < kPieces; i += 2) free(pieces[i]);
  const int before = CountBelow(top);
  auto first = std::make_unique<posix_async::fork::AllocatorHolesPlugged>();
  auto second = std::make_unique<posix_async::fork::AllocatorHolesPlugged>();
  const int plugged = CountBelow(top);
  first.reset();
  const int still = CountBelow(top);
  second.reset();
  printf("%d %d %d %d\n", before, plugged, still, CountBelow(top) > 50);  // the latest freed come first
  for (size_t i = 1; i < kPieces; i += 2) free(pieces[i]);
}

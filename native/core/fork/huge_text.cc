// Node's code in anonymous huge pages, at the addresses it has.
//
// The facts it rests on: a fork does not copy the page tables of a mapped file, so a child faults on each piece of code
// that it runs for the first time, and takes all of them apart at its end: some 120 faults for a handler that does next
// to nothing. Anonymous memory is copied, and a huge page by one entry for 2 MiB. MADV_COLLAPSE (Linux 6.1) makes huge
// pages of a range or says that it cannot. mremap(2) puts the copy over the original in one step for all threads: who
// runs code there just then waits for the step to end and goes on in the same bytes. See: man 2 madvise, mremap.
#include "huge_text.h"

#include <link.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace posix_async::fork {
namespace {

constexpr uintptr_t kHugePage = uintptr_t{2} << 20;
constexpr int kCollapse = 25;  // MADV_COLLAPSE, which older headers lack

struct Range {
  uintptr_t from = 0, to = 0;
  size_t size() const { return to - from; }
};

Range WholePages(Range range) {
  const Range whole{(range.from + kHugePage - 1) & ~(kHugePage - 1), range.to & ~(kHugePage - 1)};
  return whole.from < whole.to ? whole : Range{};
}

// The largest, where the program has its code in several pieces.
int FindText(dl_phdr_info* program, size_t, void* argument) {
  auto* text = static_cast<Range*>(argument);
  for (int i = 0; i < program->dlpi_phnum; i++) {
    const auto& segment = program->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0 || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t from = program->dlpi_addr + segment.p_vaddr;
    const Range found = WholePages({from, from + segment.p_filesz});
    if (found.size() > text->size()) *text = found;
  }
  return 1;  // the first is the program itself
}

// Memory of its own with a range of whole huge pages in it.
class Copy {
 public:
  explicit Copy(size_t size) : size_(size), mapped_(size + kHugePage) {
    start_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  ~Copy() {
    if (!valid()) return;
    const uintptr_t from = reinterpret_cast<uintptr_t>(start_), to = from + mapped_;
    const uintptr_t pages_from = reinterpret_cast<uintptr_t>(pages()), pages_to = pages_from + size_;
    munmap(start_, pages_from - from);
    munmap(reinterpret_cast<void*>(pages_to), to - pages_to);
    if (!moved_) munmap(pages(), size_);  // else another mapping may have the place by now
  }
  bool valid() const { return start_ != MAP_FAILED; }
  void* pages() const {
    const auto from = reinterpret_cast<uintptr_t>(start_);
    return reinterpret_cast<void*>(WholePages({from, from + mapped_}).from);
  }

  int Fill(const void* from) {
    madvise(pages(), size_, MADV_HUGEPAGE);
    memcpy(pages(), from, size_);
    if (madvise(pages(), size_, kCollapse) != 0) return -errno;
    return mprotect(pages(), size_, PROT_READ | PROT_EXEC) == 0 ? 0 : -errno;
  }
  int MoveTo(void* there) {
    moved_ = mremap(pages(), size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED, there) == there;
    return moved_ ? 0 : -errno;
  }

 private:
  const size_t size_;
  const size_t mapped_;
  void* start_;
  bool moved_ = false;
};

int Move() {
  Range text;
  dl_iterate_phdr(FindText, &text);
  if (text.size() == 0) return -ENOENT;
  Copy copy(text.size());
  if (!copy.valid()) return -ENOMEM;
  const int error = copy.Fill(reinterpret_cast<const void*>(text.from));
  return error != 0 ? error : copy.MoveTo(reinterpret_cast<void*>(text.from));
}

}  // namespace

int MoveTextToHugePages() {
  static const int result = Move();
  return result;
}

}  // namespace posix_async::fork

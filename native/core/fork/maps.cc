// Mappings: V8's pages are shown to children, and what other libraries hide from them stays hidden.
//
// The facts it rests on: V8 marks each page that it maps MADV_DONTFORK, so that it does not exist in a child, which
// faults on its first step in JavaScript. It does so by a call of madvise(2) from its own code, which is redirected
// when the addon is loaded: from then on that mark is not set, and what another library marks, a page of secrets for
// one, is passed on. What V8 had before is shown once, at that moment, by MADV_DOFORK over the whole address space;
// what others have hidden by then can't be told from it. madvise accepts a range with holes (it does its work and then
// says ENOMEM). It refuses the kernel's special mappings with EINVAL and stops there: vvar, which lies in front of the
// vdso, is left out; where there are others (io_uring rings, perf buffers) the mappings are read and told one by one.
// Where calls can't be redirected everything is shown before each fork. See: man 2 madvise, man 7 vdso.
#include "maps.h"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "isolate.h"
#include "redirect.h"

namespace posix_async::fork {
namespace {

constexpr uintptr_t kLowest = 0x10000;
constexpr uintptr_t kEnd = uintptr_t{1} << 52;  // above all that a process can have

struct Range {
  uintptr_t from, to;
};

int Advise(uintptr_t from, uintptr_t to) {
  const int result = madvise(reinterpret_cast<void*>(from), to - from, MADV_DOFORK);
  return result == 0 || errno == ENOMEM ? 0 : -errno;
}

uintptr_t Hex(const char*& text) {
  uintptr_t value = 0;
  for (;; text++) {
    if (*text >= '0' && *text <= '9') {
      value = value * 16 + (*text - '0');
    } else if (*text >= 'a' && *text <= 'f') {
      value = value * 16 + (*text - 'a' + 10);
    } else {
      return value;
    }
  }
}

// Calls `use(range, line)` for each line of /proc/self/maps: "55d0-55e0 rw-p 00000000 00:00 0   [heap]".
template <typename Use>
int ForEachMapping(Use use) {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  char text[8192];
  size_t kept = 0;
  ssize_t length;
  while ((length = read(fd, text + kept, sizeof text - 1 - kept)) > 0) {
    text[kept + length] = 0;
    char* line = text;
    for (char* end; (end = strchr(line, '\n')) != nullptr; line = end + 1) {
      *end = 0;
      const char* at = line;
      const uintptr_t from = Hex(at);
      const uintptr_t to = Hex(++at);
      use(Range{from, to}, at);
    }
    kept = strlen(line);
    memmove(text, line, kept);
  }
  const int error = length < 0 ? -errno : 0;
  close(fd);
  return error;
}

// From vvar to the end of the vdso: they are neighbours, and stay where they are for as long as the process lives.
int FindKernelPages(Range* found) {
  *found = {kEnd, kEnd};
  return ForEachMapping([&](Range range, const char* line) {
    if (strstr(line, "[vvar") == nullptr && strstr(line, "[vdso]") == nullptr) return;
    if (range.from < found->from) found->from = range.from;
    found->to = range.to;
  });
}

// What says EINVAL is special, and left alone.
int AdviseOneByOne() {
  int refused = 0;
  const int error = ForEachMapping([&](Range range, const char* line) {
    const int result = line[4] == 'p' ? Advise(range.from, range.to) : 0;
    if (result != 0 && result != -EINVAL) refused = result;
  });
  return error != 0 ? error : refused;
}

int ShowAll() {
  static Range kernel_pages = {};
  const int error = kernel_pages.from == 0 ? FindKernelPages(&kernel_pages) : 0;
  if (error != 0) {
    kernel_pages = {};
    return error;
  }
  const bool done = Advise(kLowest, kernel_pages.from) == 0 && Advise(kernel_pages.to, kEnd) == 0;
  return done ? 0 : AdviseOneByOne();
}

Range v8_code;  // of the object that V8 was linked into

int FindV8(dl_phdr_info* object, size_t, void* address) {
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const auto& segment = object->dlpi_phdr[i];
    const uintptr_t from = object->dlpi_addr + segment.p_vaddr, to = from + segment.p_memsz;
    const auto at = reinterpret_cast<uintptr_t>(address);
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0 || at < from || at >= to) continue;
    v8_code = {from, to};
    return 1;
  }
  return 0;
}

int (*real_madvise)(void*, size_t, int) = nullptr;

int Madvise(void* address, size_t length, int advice) {
  const auto caller = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  if (advice == MADV_DONTFORK && caller >= v8_code.from && caller < v8_code.to) return 0;
  return real_madvise(address, length, advice);
}

const Redirection kHook = {"madvise", reinterpret_cast<void*>(Madvise)};

bool heap_is_shown = false;

}  // namespace

void ShowHeap() {
  void* const of_v8 = CurrentIsolateFunction();
  if (of_v8 == nullptr || dl_iterate_phdr(FindV8, of_v8) == 0 || !Find("madvise", &real_madvise)) return;
  heap_is_shown = RedirectCalls(&kHook, 1) > 0 && ShowAll() == 0;
}

int MakeMappingsForkable() { return heap_is_shown ? 0 : ShowAll(); }

}  // namespace posix_async::fork

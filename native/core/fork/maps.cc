// Mappings: MADV_DOFORK over the whole address space below the stack.
//
// The fact it rests on: V8 marks its pages MADV_DONTFORK, so that they do not exist in a child, which faults on its
// first step in JavaScript. madvise(2) accepts a range with holes (it does its work and then says ENOMEM), and for a
// mapping that is not marked it changes nothing, so one call over everything costs a walk over the mappings and no
// more. It refuses the kernel's special mappings (io_uring rings, perf buffers) with EINVAL and stops there; then, and
// only then, the mappings are read one by one. See: man 2 madvise.
#include "maps.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace posix_async::fork {
namespace {

// The mappings of a program end with its stack and what the kernel adds there (vvar, vdso): this frame lies in the
// stack.
uintptr_t TopOfMappings() { return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) & ~uintptr_t{0xfff}; }

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

// One line of /proc/self/maps: "55d0-55e0 rw-p 00000000 00:00 0   [heap]". A private one that refuses is special: left
// alone.
void AdviseLine(const char* line) {
  const uintptr_t from = Hex(line);
  line++;
  const uintptr_t to = Hex(line);
  if (line[4] == 'p') Advise(from, to);
}

int AdviseOneByOne() {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  char text[8192];
  size_t kept = 0;
  for (;;) {
    const ssize_t length = read(fd, text + kept, sizeof text - 1 - kept);
    if (length <= 0) break;
    text[kept + length] = 0;
    char* line = text;
    for (char* end; (end = strchr(line, '\n')) != nullptr; line = end + 1) AdviseLine(line);
    kept = strlen(line);
    memmove(text, line, kept);
  }
  close(fd);
  return 0;
}

}  // namespace

int MakeMappingsForkable() {
  constexpr uintptr_t kLowest = 0x10000;
  return Advise(kLowest, TopOfMappings()) == 0 ? 0 : AdviseOneByOne();
}

}  // namespace posix_async::fork

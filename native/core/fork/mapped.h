// Memory without malloc, whose lock a thread that is parked may hold: for what grows while threads are parked. See: man
// 2 mmap.
#ifndef POSIX_ASYNC_CORE_FORK_MAPPED_H_
#define POSIX_ASYNC_CORE_FORK_MAPPED_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>

namespace posix_async::fork {

inline void* Map(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// An allocator for containers; without memory the process ends, as with `new`.
template <typename T>
struct Mapped {
  using value_type = T;
  Mapped() = default;
  template <typename U>
  Mapped(const Mapped<U>&) {}  // NOLINT: containers convert it
  T* allocate(size_t count) {
    void* memory = Map(count * sizeof(T));
    if (memory == nullptr) abort();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) { munmap(memory, count * sizeof(T)); }
  template <typename U>
  bool operator==(const Mapped<U>&) const {
    return true;
  }
  template <typename U>
  bool operator!=(const Mapped<U>&) const {
    return false;
  }
};

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_MAPPED_H_

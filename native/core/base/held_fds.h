// Descriptors of connections whose threads do not live in a forked child: no child keeps them, for its copy would keep
// a client from seeing the end. One bit a number, without a lock, which a thread that does not live in the child might
// hold there. See: man 2 fork.
#ifndef POSIX_ASYNC_CORE_BASE_HELD_FDS_H_
#define POSIX_ASYNC_CORE_BASE_HELD_FDS_H_

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace posix_async {

class HeldFds {
 public:
  // From now on a forked child closes `fd`. Callable on any thread.
  static void Hold(int fd) {
    if (!IsKnown(fd)) return;
    const size_t word = static_cast<size_t>(fd) / kBits;
    words_[word].fetch_or(BitOf(fd));
    size_t used = used_.load();
    while (used <= word && !used_.compare_exchange_weak(used, word + 1)) continue;
  }

  // Before `fd` is closed, or is the caller's again: its number may be another descriptor's from then on.
  static void LetGo(int fd) {
    if (IsKnown(fd)) words_[static_cast<size_t>(fd) / kBits].fetch_and(~BitOf(fd));
  }

  // In the child.
  static void CloseAll() {
    for (size_t word = 0; word < used_.load(); word++) {
      const uint64_t bits = words_[word].load() == 0 ? 0 : words_[word].exchange(0);
      for (size_t bit = 0; bit < kBits; bit++)
        if ((bits >> bit & 1) != 0) close(static_cast<int>(word * kBits + bit));
    }
  }

 private:
  static constexpr size_t kBits = 64;
  // As many as a process may have (fs.nr_open) where nobody has raised that; one above stays open in children.
  static constexpr size_t kMost = size_t{1} << 20;

  static bool IsKnown(int fd) { return fd >= 0 && static_cast<size_t>(fd) < kMost; }
  static uint64_t BitOf(int fd) { return uint64_t{1} << (static_cast<size_t>(fd) % kBits); }

  static inline std::atomic<uint64_t> words_[kMost / kBits]{};
  static inline std::atomic<size_t> used_{0};
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_BASE_HELD_FDS_H_

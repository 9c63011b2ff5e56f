// One io_uring: entries are prepared in memory that is shared with the kernel, handed over by one system call for many,
// and their completions are taken from memory again.
//
//   while (auto* entry = ring.Next()) ...   prepare (ring_prepare.h), each with its user_data
//   ring.Submit()                           one io_uring_enter(2) for all; none where there is nothing to say
//   ring.Drain([](const io_uring_cqe& completion) { ... })
//
// It belongs to the thread that opened it. What tells that there is something to drain is an eventfd (RegisterEventFd),
// not the ring's own descriptor: where the kernel defers completions until it is entered, nobody who polls that one is
// woken. After a fork the child calls Forget() before anything else: the memory does not exist there. See: man 7
// io_uring
#ifndef POSIX_ASYNC_CORE_RING_RING_H_
#define POSIX_ASYNC_CORE_RING_RING_H_

#include <atomic>
#include <climits>
#include <cstring>

#include "core/base/unique_fd.h"
#include "ring_abi.h"

namespace posix_async {

struct RingOptions {
  unsigned entries = 256;    // prepared at once; the kernel rounds up to a power of two
  unsigned completions = 0;  // held in memory; 0: twice the entries
};

class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { Close(); }

  // 0 or -errno: -ENOSYS, -EPERM where io_uring is switched off, -ENOMEM at the limit of locked memory.
  int Open(const RingOptions& options);
  // Cancels what is in flight, which the kernel may finish later: buffers must outlive it unless all was drained.
  void Close();
  // Right after fork, in the child: closes the child's descriptor; memory and requests are the parent's.
  void Forget();

  int fd() const { return fd_.get(); }
  bool open() const { return fd_.valid(); }
  unsigned entries() const { return sq_entries_; }
  unsigned features() const { return features_; }

  // The next entry, zeroed; null when as many as fit wait for Submit.
  io_uring_sqe* Next() {
    if (sq_tail_ - Load(sq_head_) == sq_entries_) return nullptr;
    io_uring_sqe* entry = &sqes_[sq_tail_++ & sq_mask_];
    memset(entry, 0, sizeof *entry);
    return entry;
  }

  // Entries prepared and not yet submitted, and how many more there is room for.
  unsigned prepared() const { return sq_tail_ - sq_submitted_; }
  unsigned room() const { return sq_entries_ - prepared(); }

  // The kernel has completions that it puts into memory only when entered.
  bool behind() const { return Load(sq_flags_) & (kSqTaskrun | IORING_SQ_CQ_OVERFLOW); }
  // Some of them wait in the kernel's own list, for want of room in memory.
  bool overflown() const { return Load(sq_flags_) & IORING_SQ_CQ_OVERFLOW; }

  // Hands over what is prepared, and lets the kernel finish what it can, without waiting unless for `wait_for`
  // completions. The number of entries taken, or -errno: -EBUSY, -EAGAIN (drain, then again).
  int Submit(unsigned wait_for = 0) {
    if (!prepared() && !wait_for && !behind()) return 0;
    return Enter(wait_for);
  }

  // What is prepared and was not taken is not to be done after all; how many entries it was.
  unsigned TakeBack() {
    const unsigned count = prepared();
    sq_tail_ = sq_submitted_;
    return count;
  }

  unsigned ready() const { return Load(cq_tail_) - *cq_head_; }

  // Gives each completion in memory to `each(const io_uring_cqe&)`, at most `most`; how many. Their places are the
  // kernel's again when it returns. `each` may prepare entries and submit.
  template <typename Each>
  unsigned Drain(Each&& each, unsigned most = UINT_MAX) {
    const unsigned head = *cq_head_;
    const unsigned available = Load(cq_tail_) - head;
    const unsigned count = available < most ? available : most;
    for (unsigned i = 0; i < count; i++) each(cqes_[(head + i) & cq_mask_]);
    Store(cq_head_, head + count);
    return count;
  }

  // io_uring_register(2): value or -errno.
  int Register(unsigned operation, const void* argument, unsigned count) const;
  // Signalled when there is something to Submit() for and Drain(): once for many, and at the latest for the first.
  int RegisterEventFd(int event_fd) const { return Register(IORING_REGISTER_EVENTFD, &event_fd, 1); }

 private:
  static unsigned Load(const unsigned* shared) {
    return reinterpret_cast<const std::atomic<unsigned>*>(shared)->load(std::memory_order_acquire);
  }
  static void Store(unsigned* shared, unsigned value) {
    reinterpret_cast<std::atomic<unsigned>*>(shared)->store(value, std::memory_order_release);
  }

  int Setup(const RingOptions& options, io_uring_params* parameters);
  int Map(const io_uring_params& parameters);
  int Enter(unsigned wait_for);

  UniqueFd fd_;
  unsigned *sq_head_ = nullptr, *sq_tail_shared_ = nullptr, *sq_flags_ = nullptr;
  unsigned *cq_head_ = nullptr, *cq_tail_ = nullptr;
  io_uring_sqe* sqes_ = nullptr;
  io_uring_cqe* cqes_ = nullptr;
  unsigned sq_tail_ = 0, sq_submitted_ = 0, sq_entries_ = 0, sq_mask_ = 0, cq_mask_ = 0;
  unsigned features_ = 0;
  void* rings_ = nullptr;
  size_t rings_size_ = 0, sqes_size_ = 0;
};

// Whether each operation (IORING_OP_*) exists in this kernel, asked through `ring`: 0 or -errno.
struct RingProbe {
  bool can[256] = {};
  int Ask(const Ring& ring);
};

// Buffers that the kernel takes by itself when data is there, for entries with IOSQE_BUFFER_SELECT and this group.
// The number of the one it took is in the upper half of the completion's flags (IORING_CQE_F_BUFFER).
class BufferRing {
 public:
  BufferRing() = default;
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing() { Unmap(); }

  // `count` buffers (a power of two, at most 32768) of `size` bytes, all given to the kernel; in `memory`, which must
  // outlive them, or in memory of their own. 0 or -errno.
  int Open(const Ring& ring, uint16_t group, unsigned count, unsigned size, uint8_t* memory = nullptr);
  // Takes them back; the ring must still be open. 0; or -errno, where they stay the kernel's and their memory with
  // them.
  int Close(const Ring& ring);
  // After Ring::Forget in the child of a fork.
  void Forget() { Unmap(); }

  static uint16_t NumberOf(const io_uring_cqe& completion) {
    return static_cast<uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
  }

  uint8_t* At(uint16_t number) const { return buffers_ + static_cast<size_t>(number) * size_; }
  uint16_t group() const { return group_; }
  unsigned size() const { return size_; }
  unsigned count() const { return mask_ + 1; }

  // Gives a buffer back; the kernel sees it at the next Publish.
  void Give(uint16_t number) {
    ProvidedBuffer& entry = entries_[tail_++ & mask_];
    entry.address = reinterpret_cast<uint64_t>(At(number));
    entry.size = size_;
    entry.id = number;
  }
  void Publish() {
    reinterpret_cast<std::atomic<uint16_t>*>(&entries_->reserved)->store(tail_, std::memory_order_release);
  }

 private:
  void Unmap();

  ProvidedBuffer* entries_ = nullptr;
  uint8_t* buffers_ = nullptr;
  size_t mapped_ = 0;
  unsigned size_ = 0, mask_ = 0;
  uint16_t tail_ = 0, group_ = 0;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_RING_RING_H_

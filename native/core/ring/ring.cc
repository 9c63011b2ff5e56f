// Setting up an io_uring and its buffers, and taking them down. See: man 2 io_uring_setup, man 2 io_uring_register
#include "ring.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <new>

#include "core/base/result.h"

namespace posix_async {
namespace {

constexpr size_t kPage = 4096;

template <typename T>
T* At(void* base, size_t offset) {
  return reinterpret_cast<T*>(static_cast<char*>(base) + offset);
}

// The mapping is not there in a child of fork: it is the parent's, and a fork need not look at it.
int MapShared(int fd, size_t size, uint64_t offset, void** at) {
  *at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, static_cast<off_t>(offset));
  if (*at == MAP_FAILED) {
    *at = nullptr;
    return -errno;
  }
  return madvise(*at, size, MADV_DONTFORK) == 0 ? 0 : -errno;
}

}  // namespace

int Ring::Open(const RingOptions& options) {
  io_uring_params parameters{};
  int error = Setup(options, &parameters);
  if (!error) error = Map(parameters);
  if (error) Close();
  return error;
}

// The newest way of completing first, which never interrupts this thread; a kernel that does not know it says EINVAL.
int Ring::Setup(const RingOptions& options, io_uring_params* parameters) {
  constexpr uint32_t kWays[] = {kSetupSubmitAll | kSetupSingleIssuer | kSetupDeferTaskrun | kSetupTaskrunFlag,
                                kSetupSubmitAll | kSetupCoopTaskrun | kSetupTaskrunFlag, 0};
  int fd = -EINVAL;
  for (const uint32_t way : kWays) {
    *parameters = {};
    parameters->flags = way | IORING_SETUP_CLAMP | (options.completions ? IORING_SETUP_CQSIZE : 0);
    parameters->cq_entries = options.completions;
    fd = static_cast<int>(Result([&] { return syscall(SYS_io_uring_setup, options.entries, parameters); }));
    if (fd != -EINVAL) break;
  }
  if (fd < 0) return fd;
  fd_.Reset(fd);  // born O_CLOEXEC
  constexpr unsigned kNeeded = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE;
  features_ = parameters->features;
  return (features_ & kNeeded) == kNeeded ? 0 : -ENOSYS;
}

int Ring::Map(const io_uring_params& parameters) {
  const size_t sq_size = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
  const size_t cq_size = parameters.cq_off.cqes + parameters.cq_entries * sizeof(io_uring_cqe);
  rings_size_ = sq_size > cq_size ? sq_size : cq_size;
  sqes_size_ = parameters.sq_entries * sizeof(io_uring_sqe);
  void* sqes = nullptr;
  if (const int error = MapShared(fd_.get(), rings_size_, IORING_OFF_SQ_RING, &rings_)) return error;
  if (const int error = MapShared(fd_.get(), sqes_size_, IORING_OFF_SQES, &sqes)) return error;
  sqes_ = static_cast<io_uring_sqe*>(sqes);
  sq_head_ = At<unsigned>(rings_, parameters.sq_off.head);
  sq_tail_shared_ = At<unsigned>(rings_, parameters.sq_off.tail);
  sq_flags_ = At<unsigned>(rings_, parameters.sq_off.flags);
  cq_head_ = At<unsigned>(rings_, parameters.cq_off.head);
  cq_tail_ = At<unsigned>(rings_, parameters.cq_off.tail);
  cqes_ = At<io_uring_cqe>(rings_, parameters.cq_off.cqes);
  sq_entries_ = parameters.sq_entries;
  sq_mask_ = parameters.sq_entries - 1;
  cq_mask_ = parameters.cq_entries - 1;
  sq_tail_ = sq_submitted_ = 0;
  auto* order = At<unsigned>(rings_, parameters.sq_off.array);
  for (unsigned i = 0; i < sq_entries_; i++) order[i] = i;
  return 0;
}

// What the kernel did not take stays prepared.
int Ring::Enter(unsigned wait_for) {
  Store(sq_tail_shared_, sq_tail_);
  const int taken = static_cast<int>(Retry([&] {
    return syscall(SYS_io_uring_enter, fd_.get(), prepared(), wait_for, IORING_ENTER_GETEVENTS, nullptr, 0);
  }));
  sq_submitted_ = Load(sq_head_);
  return taken;
}

void Ring::Close() {
  if (rings_) munmap(rings_, rings_size_);
  if (sqes_) munmap(sqes_, sqes_size_);
  Forget();
}

void Ring::Forget() {
  rings_ = nullptr;
  sqes_ = nullptr;
  fd_.Reset();
}

int Ring::Register(unsigned operation, const void* argument, unsigned count) const {
  return static_cast<int>(Retry([&] { return syscall(SYS_io_uring_register, fd_.get(), operation, argument, count); }));
}

int RingProbe::Ask(const Ring& ring) {
  constexpr unsigned kMost = 256;
  alignas(io_uring_probe) char memory[sizeof(io_uring_probe) + kMost * sizeof(io_uring_probe_op)] = {};
  auto* answer = reinterpret_cast<io_uring_probe*>(memory);
  const int error = ring.Register(IORING_REGISTER_PROBE, answer, kMost);
  if (error < 0) return error;
  for (unsigned i = 0; i < answer->ops_len; i++) can[answer->ops[i].op] = answer->ops[i].flags & IO_URING_OP_SUPPORTED;
  return 0;
}

int BufferRing::Open(const Ring& ring, uint16_t group, unsigned count, unsigned size, uint8_t* memory) {
  const size_t entries_size = (count * sizeof(ProvidedBuffer) + kPage - 1) & ~(kPage - 1);
  mapped_ = entries_size + (memory ? 0 : static_cast<size_t>(count) * size);
  void* mapped = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return -errno;
  entries_ = static_cast<ProvidedBuffer*>(mapped);
  buffers_ = memory ? memory : static_cast<uint8_t*>(mapped) + entries_size;
  size_ = size;
  mask_ = count - 1;
  group_ = group;
  tail_ = 0;
  const BufferRingRegistration registration{reinterpret_cast<uint64_t>(entries_), count, group, 0, {}};
  if (const int error = ring.Register(kRegisterBufferRing, &registration, 1); error < 0) {
    Unmap();
    return error;
  }
  for (unsigned i = 0; i < count; i++) Give(static_cast<uint16_t>(i));
  Publish();
  return 0;
}

int BufferRing::Close(const Ring& ring) {
  if (!entries_) return 0;
  const BufferRingRegistration registration{0, 0, group_, 0, {}};
  const int error = ring.Register(kUnregisterBufferRing, &registration, 1);
  if (error < 0) entries_ = nullptr;
  Unmap();
  return error;
}

void BufferRing::Unmap() {
  if (entries_) munmap(entries_, mapped_);
  entries_ = nullptr;
}

}  // namespace posix_async

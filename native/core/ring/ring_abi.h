// The kernel's io_uring interface: its UAPI header, and under our own names what is newer than the header of the oldest
// system that this is built on (Linux 5.15). See: man 7 io_uring
#ifndef POSIX_ASYNC_CORE_RING_RING_ABI_H_
#define POSIX_ASYNC_CORE_RING_RING_ABI_H_

#include <linux/io_uring.h>

#include <cstdint>

namespace posix_async {

// IORING_SETUP_*
constexpr uint32_t kSetupSubmitAll = 1u << 7;      // 5.18: a bad entry does not stop the batch
constexpr uint32_t kSetupCoopTaskrun = 1u << 8;    // 5.19: no interrupt for a completion, the next system call sees it
constexpr uint32_t kSetupTaskrunFlag = 1u << 9;    // 5.19: kSqTaskrun shows that there is one
constexpr uint32_t kSetupSingleIssuer = 1u << 12;  // 6.0: one thread submits
constexpr uint32_t kSetupDeferTaskrun = 1u << 13;  // 6.1: completions are finished when that thread asks for them

// IORING_SQ_*
constexpr uint32_t kSqTaskrun = 1u << 2;

// IORING_REGISTER_*
constexpr unsigned kRegisterBufferRing = 22, kUnregisterBufferRing = 23;  // 5.19

// IORING_ACCEPT_*, IORING_RECV_*, IORING_ASYNC_CANCEL_*
constexpr uint16_t kAcceptMultishot = 1u << 0;  // 5.19
constexpr uint16_t kRecvMultishot = 1u << 1;    // 6.0
constexpr uint32_t kCancelAll = 1u << 0;        // 5.19
constexpr uint32_t kCancelFd = 1u << 1;         // 5.19
constexpr uint32_t kCancelAny = 1u << 2;        // 5.19

// IORING_CQE_F_*
constexpr uint32_t kCompletionNonEmpty = 1u << 2;  // 5.19: the socket has more to read

// struct io_uring_buf: an entry of a provided buffer ring; the `reserved` of the first is the ring's tail.
struct ProvidedBuffer {
  uint64_t address;
  uint32_t size;
  uint16_t id;
  uint16_t reserved;
};

// struct io_uring_buf_reg
struct BufferRingRegistration {
  uint64_t address;
  uint32_t entries;
  uint16_t group;
  uint16_t flags;
  uint64_t reserved[3];
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_RING_RING_ABI_H_

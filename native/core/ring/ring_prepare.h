// Prepares entries of a ring: one function an operation, with the arguments of the system call of that name.
// See: man 2 io_uring_enter
#ifndef POSIX_ASYNC_CORE_RING_RING_PREPARE_H_
#define POSIX_ASYNC_CORE_RING_RING_PREPARE_H_

#include <sys/socket.h>

#include "ring_abi.h"

namespace posix_async {

inline void Prepare(io_uring_sqe* entry, uint8_t operation, int fd, const void* address, uint32_t size, uint64_t offset,
                    uint64_t user_data) {
  entry->opcode = operation;
  entry->fd = fd;
  entry->addr = reinterpret_cast<uint64_t>(address);
  entry->len = size;
  entry->off = offset;
  entry->user_data = user_data;
}

inline void PrepareSend(io_uring_sqe* entry, int fd, const void* bytes, uint32_t size, int flags, uint64_t user_data) {
  Prepare(entry, IORING_OP_SEND, fd, bytes, size, 0, user_data);
  entry->msg_flags = static_cast<uint32_t>(flags);
}

// A completion for each client, until one without IORING_CQE_F_MORE; `flags` as of accept4(2).
inline void PrepareAcceptMultishot(io_uring_sqe* entry, int fd, int flags, uint64_t user_data) {
  Prepare(entry, IORING_OP_ACCEPT, fd, nullptr, 0, 0, user_data);
  entry->ioprio = kAcceptMultishot;
  entry->accept_flags = static_cast<uint32_t>(flags);
}

// A completion for each piece of data, in a buffer of `group`, until one without IORING_CQE_F_MORE: 0 at the end,
// -ENOBUFS when the group has no buffer left.
inline void PrepareRecvMultishot(io_uring_sqe* entry, int fd, uint16_t group, uint64_t user_data) {
  Prepare(entry, IORING_OP_RECV, fd, nullptr, 0, 0, user_data);
  entry->ioprio = kRecvMultishot;
  entry->flags = IOSQE_BUFFER_SELECT;
  entry->buf_group = group;
}

inline void PreparePoll(io_uring_sqe* entry, int fd, uint32_t events, uint64_t user_data) {
  Prepare(entry, IORING_OP_POLL_ADD, fd, nullptr, 0, 0, user_data);
  entry->poll32_events = events;
}

inline void PrepareShutdown(io_uring_sqe* entry, int fd, int how, uint64_t user_data) {
  Prepare(entry, IORING_OP_SHUTDOWN, fd, nullptr, static_cast<uint32_t>(how), 0, user_data);
}

inline void PrepareClose(io_uring_sqe* entry, int fd, uint64_t user_data) {
  Prepare(entry, IORING_OP_CLOSE, fd, nullptr, 0, 0, user_data);
}

// Cancels the operation whose user_data is `target`.
inline void PrepareCancel(io_uring_sqe* entry, uint64_t target, uint64_t user_data) {
  Prepare(entry, IORING_OP_ASYNC_CANCEL, -1, reinterpret_cast<void*>(target), 0, 0, user_data);
}

// Cancels every operation on `fd`.
inline void PrepareCancelFd(io_uring_sqe* entry, int fd, uint64_t user_data) {
  Prepare(entry, IORING_OP_ASYNC_CANCEL, fd, nullptr, 0, 0, user_data);
  entry->cancel_flags = kCancelFd | kCancelAll;
}

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_RING_RING_PREPARE_H_

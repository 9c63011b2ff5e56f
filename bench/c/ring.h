// An io_uring by its system calls alone: a queue of requests, a queue of completions, a pool of buffers. See: man 7
// io_uring
#ifndef POSIX_ASYNC_BENCH_RING_H_
#define POSIX_ASYNC_BENCH_RING_H_

#include "common.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { kEntries = 2048, kBuffers = 512, kBufferSize = kEchoSize };

typedef struct {
  int fd;
  unsigned *sq_head, *sq_tail, *cq_head, *cq_tail;
  unsigned sq_mask, cq_mask, sq_entries, tail;
  struct io_uring_sqe* sqes;
  struct io_uring_cqe* cqes;
  struct io_uring_buf_ring* buffers;
  uint16_t buffer_tail;
  char* memory;  // kBuffers of kBufferSize bytes
} Ring;

static inline void* Map(int fd, size_t size, off_t offset) {
  const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
  void* const memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);
  if (memory == MAP_FAILED) Die("mmap");
  return memory;
}

static inline char* BufferAt(const Ring* ring, unsigned id) { return ring->memory + (size_t)id * kBufferSize; }

// Gives a buffer back to the kernel, to be filled again.
static inline void Recycle(Ring* ring, unsigned id) {
  struct io_uring_buf* const slot = &ring->buffers->bufs[ring->buffer_tail & (kBuffers - 1)];
  slot->addr = (uint64_t)(uintptr_t)BufferAt(ring, id);
  slot->len = kBufferSize;
  slot->bid = (uint16_t)id;
  __atomic_store_n(&ring->buffers->tail, ++ring->buffer_tail, __ATOMIC_RELEASE);
}

static inline void SetUpBuffers(Ring* ring) {
  ring->buffers = Map(-1, kBuffers * sizeof(struct io_uring_buf), 0);
  ring->memory = Map(-1, (size_t)kBuffers * kBufferSize, 0);
  struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)ring->buffers, .ring_entries = kBuffers};
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PBUF_RING, &registration, 1) < 0) {
    Die("io_uring_register");
  }
  for (unsigned id = 0; id < kBuffers; id++) Recycle(ring, id);
}

static inline void SetUpRing(Ring* ring) {
  struct io_uring_params parameters = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
  parameters.flags |= IORING_SETUP_CQSIZE;
  parameters.cq_entries = 4 * kEntries;
  ring->fd = (int)syscall(SYS_io_uring_setup, kEntries, &parameters);
  if (ring->fd < 0) Die("io_uring_setup");
  const struct io_sqring_offsets* const sq = &parameters.sq_off;
  const struct io_cqring_offsets* const cq = &parameters.cq_off;
  const size_t cq_end = cq->cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
  const size_t sq_end = sq->array + parameters.sq_entries * sizeof(unsigned);
  const size_t size = cq_end > sq_end ? cq_end : sq_end;
  char* const queues = Map(ring->fd, size, IORING_OFF_SQ_RING);
  ring->sqes = Map(ring->fd, parameters.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
  ring->cqes = (struct io_uring_cqe*)(void*)(queues + cq->cqes);
  ring->sq_head = (unsigned*)(void*)(queues + sq->head);
  ring->sq_tail = (unsigned*)(void*)(queues + sq->tail);
  ring->cq_head = (unsigned*)(void*)(queues + cq->head);
  ring->cq_tail = (unsigned*)(void*)(queues + cq->tail);
  ring->sq_mask = parameters.sq_entries - 1;
  ring->cq_mask = parameters.cq_entries - 1;
  ring->sq_entries = parameters.sq_entries;
  unsigned* const array = (unsigned*)(void*)(queues + sq->array);
  for (unsigned i = 0; i < parameters.sq_entries; i++) array[i] = i;
  SetUpBuffers(ring);
}

// Hands over what was queued, and waits for so many completions.
static inline void Enter(Ring* ring, unsigned wait) {
  const unsigned queued = ring->tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
  __atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
  const long done = syscall(SYS_io_uring_enter, ring->fd, queued, wait, IORING_ENTER_GETEVENTS, NULL, 0);
  if (done < 0 && errno != EINTR && errno != EAGAIN && errno != EBUSY) Die("io_uring_enter");
}

// The next request to fill in; `needed` of them fit before anything is handed over, so that a chain stays whole.
static inline struct io_uring_sqe* Next(Ring* ring, unsigned needed) {
  while (ring->tail + needed - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) > ring->sq_entries) Enter(ring, 0);
  struct io_uring_sqe* const sqe = &ring->sqes[ring->tail++ & ring->sq_mask];
  memset(sqe, 0, sizeof *sqe);
  return sqe;
}

#endif  // POSIX_ASYNC_BENCH_RING_H_

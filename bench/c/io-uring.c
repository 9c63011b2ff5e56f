// The completion server: multishot accept and receive into provided buffers, replies handed over in batches. See: man 7
// io_uring
#include "ring.h"

enum { kMaxDescriptors = 65536, kNone = -1 };
typedef enum { kAccept, kReceive, kSend, kTimeout, kClose } Operation;

// Buffers that wait to be sent, in order; only the first is handed over.
typedef struct {
  int first, last;
  uint64_t size;  // bytes of an upload so far
  int over;
  char reply[32];
} Connection;

static Ring ring;
static Handler handler;
static int listener;
static Connection connections[kMaxDescriptors];
static int next_buffer[kBuffers], buffer_length[kBuffers], buffer_sent[kBuffers];
static int starved[kMaxDescriptors], starved_count;

static struct io_uring_sqe* Request(uint8_t opcode, Operation operation, int fd, unsigned needed) {
  struct io_uring_sqe* const sqe = Next(&ring, needed);
  sqe->opcode = opcode;
  sqe->fd = fd;
  sqe->user_data = (uint64_t)operation << 32 | (unsigned)fd;
  return sqe;
}

static void RequestAccept(void) {
  struct io_uring_sqe* const sqe = Request(IORING_OP_ACCEPT, kAccept, listener, 1);
  sqe->ioprio = IORING_ACCEPT_MULTISHOT;
  sqe->accept_flags = SOCK_CLOEXEC;
}

// Who sends one request is read once, so that closing the connection needs no cancelling.
static void RequestReceive(int fd) {
  struct io_uring_sqe* const sqe = Request(IORING_OP_RECV, kReceive, fd, 1);
  sqe->flags = IOSQE_BUFFER_SELECT;
  sqe->ioprio = handler == kEcho || handler == kUpload ? IORING_RECV_MULTISHOT : 0;
}

static struct io_uring_sqe* RequestSend(int fd, const char* data, size_t size, unsigned needed) {
  struct io_uring_sqe* const sqe = Request(IORING_OP_SEND, kSend, fd, needed);
  sqe->addr = (uint64_t)(uintptr_t)data;
  sqe->len = (unsigned)size;
  sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
  return sqe;
}

// The reply and the end of the connection as one chain.
static void ReplyAndClose(int fd, size_t size) {
  RequestSend(fd, connections[fd].reply, size, 2)->flags = IOSQE_IO_LINK;
  Request(IORING_OP_CLOSE, kClose, fd, 1);
}

static void ThinkAndReply(int fd, size_t size) {
  static const struct __kernel_timespec kTime = {.tv_nsec = kThinkNanoseconds};
  struct io_uring_sqe* const sqe = Request(IORING_OP_TIMEOUT, kTimeout, -1, 3);
  sqe->addr = (uint64_t)(uintptr_t)&kTime;
  sqe->len = 1;
  sqe->timeout_flags = IORING_TIMEOUT_ETIME_SUCCESS;
  sqe->flags = IOSQE_IO_LINK;
  ReplyAndClose(fd, size);
}

static void CloseWhenSent(int fd) {
  if (connections[fd].first == kNone) close(fd);
  connections[fd].over = 1;
}

static void SendFirst(int fd) {
  const int id = connections[fd].first, sent = buffer_sent[id];
  RequestSend(fd, BufferAt(&ring, (unsigned)id) + sent, (size_t)(buffer_length[id] - sent), 1);
}

static void Queue(int fd, int id, int length) {
  Connection* const connection = &connections[fd];
  next_buffer[id] = kNone;
  buffer_length[id] = length;
  buffer_sent[id] = 0;
  if (connection->first == kNone) {
    connection->first = connection->last = id;
    SendFirst(fd);
  } else {
    next_buffer[connection->last] = id;
    connection->last = id;
  }
}

static void Answered(int fd, int id, int length) {
  char* const text = BufferAt(&ring, (unsigned)id);
  char* const reply = connections[fd].reply;
  const int most = (int)sizeof connections[fd].reply - 1;
  if (handler == kThink) {
    const int size = length < most ? length : most;
    memcpy(reply, text, (size_t)size);
    ThinkAndReply(fd, (size_t)size);
  } else {
    text[length < kRequestSize ? length : kRequestSize] = '\0';
    ReplyAndClose(fd, (size_t)Answer(text, reply, sizeof connections[fd].reply));
  }
  Recycle(&ring, (unsigned)id);
}

static void Received(int fd, int id, int length) {
  if (handler == kEcho) return Queue(fd, id, length);
  if (handler != kUpload) return Answered(fd, id, length);
  connections[fd].size += (uint64_t)length;
  Recycle(&ring, (unsigned)id);
}

static void ReceivedEnd(int fd) {
  Connection* const connection = &connections[fd];
  if (handler == kUpload) {
    ReplyAndClose(fd, (size_t)snprintf(connection->reply, sizeof connection->reply, "%" PRIu64, connection->size));
  } else {
    CloseWhenSent(fd);
  }
}

static void CompleteReceive(int fd, const struct io_uring_cqe* cqe) {
  if (cqe->res == -ENOBUFS) {
    starved[starved_count++] = fd;  // asked for again when buffers have come back
    return;
  }
  if (cqe->res <= 0) return ReceivedEnd(fd);
  const int more = (cqe->flags & IORING_CQE_F_MORE) != 0;
  Received(fd, (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT), cqe->res);
  if (!more && (handler == kEcho || handler == kUpload)) RequestReceive(fd);
}

static void CompleteAccept(const struct io_uring_cqe* cqe) {
  const int fd = cqe->res;
  if (!(cqe->flags & IORING_CQE_F_MORE)) RequestAccept();
  if (fd < 0) return;
  if (fd >= kMaxDescriptors) {
    close(fd);
    return;
  }
  connections[fd] = (Connection){.first = kNone, .last = kNone};
  RequestReceive(fd);
}

static void DropQueue(int fd) {
  for (int id = connections[fd].first; id != kNone; id = next_buffer[id]) Recycle(&ring, (unsigned)id);
  connections[fd].first = kNone;
}

static void CompleteSend(int fd, int result) {
  Connection* const connection = &connections[fd];
  const int id = connection->first;
  if (handler != kEcho) return;
  if (result <= 0) {
    DropQueue(fd);
    shutdown(fd, SHUT_RDWR);  // its receive ends with that
  } else if ((buffer_sent[id] += result) < buffer_length[id]) {
    return SendFirst(fd);
  } else {
    connection->first = next_buffer[id];
    Recycle(&ring, (unsigned)id);
  }
  if (connection->first != kNone) return SendFirst(fd);
  if (connection->over) close(fd);
}

static void Complete(const struct io_uring_cqe* cqe) {
  const int fd = (int)(unsigned)cqe->user_data;
  switch ((Operation)(cqe->user_data >> 32)) {
    case kAccept:
      return CompleteAccept(cqe);
    case kReceive:
      return CompleteReceive(fd, cqe);
    case kSend:
      return CompleteSend(fd, cqe->res);
    case kClose:
      if (cqe->res < 0) close(fd);  // the reply failed, and the chain broke
      return;
    case kTimeout:
      return;
  }
}

static void RetryStarved(void) {
  const int count = starved_count;
  starved_count = 0;
  for (int i = 0; i < count; i++) RequestReceive(starved[i]);
}

int main(int argc, char** argv) {
  listener = Start(argc, argv, &handler);
  SetUpRing(&ring);
  RequestAccept();
  for (;;) {
    Enter(&ring, 1);
    unsigned head = *ring.cq_head;
    for (const unsigned tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE); head != tail; head++) {
      Complete(&ring.cqes[head & ring.cq_mask]);
    }
    __atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
    RetryStarved();
  }
}

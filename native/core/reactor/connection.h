// One connection of the reactor, as small as can be, and the bytes that the kernel would not take yet.
#ifndef POSIX_ASYNC_CORE_REACTOR_CONNECTION_H_
#define POSIX_ASYNC_CORE_REACTOR_CONNECTION_H_

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace posix_async {

// Bytes in order, taken from the front; the room that was taken is used again before the memory grows.
class ByteQueue {
 public:
  ByteQueue() = default;
  ByteQueue(ByteQueue&& other) noexcept { *this = std::move(other); }
  ByteQueue& operator=(ByteQueue&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~ByteQueue() { free(bytes_); }

  const uint8_t* data() const { return bytes_ + head_; }
  size_t size() const { return tail_ - head_; }
  void Take(size_t count) { head_ += count; }

  // False where there is no memory: nothing was appended.
  bool Append(const uint8_t* bytes, size_t count) {
    if (tail_ + count > capacity_ && !MakeRoom(count)) return false;
    memcpy(bytes_ + tail_, bytes, count);
    tail_ += count;
    return true;
  }

 private:
  bool MakeRoom(size_t count) {
    const size_t held = size();
    if (head_ < held || held + count > capacity_) {
      const size_t wanted = held + count > 2 * capacity_ ? held + count : 2 * capacity_;
      auto* grown = static_cast<uint8_t*>(realloc(bytes_, wanted));
      if (!grown) return false;
      bytes_ = grown;
      capacity_ = wanted;
    }
    if (head_) memmove(bytes_, bytes_ + head_, held);
    head_ = 0;
    tail_ = held;
    return true;
  }

  uint8_t* bytes_ = nullptr;
  size_t head_ = 0, tail_ = 0, capacity_ = 0;
};

enum State : uint16_t {
  kPeerEnded = 1,    // the client's FIN was read
  kFinishAsked = 2,  // shut down when the queue is empty
  kFinished = 4,     // shut down
  kCloseAsked = 8,   // close when the queue is empty
  kPaused = 16,      // nobody wants to read
  kUnsettled = 32,   // interest may have changed
  kWaiting = 64,     // in the run queue
  kSending = 128,    // bytes are among those that are sent together
  kAnswered = 256,   // a byte was sent
};

// What was received for a connection before it could be told of.
struct Held {
  ByteQueue bytes;
  bool over = false;   // after the bytes:
  int32_t result = 0;  // the end, or -errno
};

// Where a client is: what of a sockaddr is worth keeping.
struct Peer {
  uint16_t family = 0;
  uint16_t port = 0;  // of the host's byte order
  uint8_t address[16] = {};
};

struct Connection {
  int fd = -1;
  uint32_t generation = 0;
  uint32_t last_active = 0;  // milliseconds of the reactor's clock: see idle.cc
  uint16_t state = 0;
  uint8_t registered = 0;  // Interest
  uint8_t ready = 0;       // Interest, while in the run queue
  Peer peer;
  uint32_t told_in = 0;  // the batch that last told of its bytes, where the back end receives
  std::unique_ptr<ByteQueue> queue;
  std::unique_ptr<Held> held;
  void* user = nullptr;  // a native handler's own

  bool Is(State what) const { return state & what; }
  void Set(State what) { state = static_cast<uint16_t>(state | what); }
  void Clear(State what) { state = static_cast<uint16_t>(state & ~what); }
  size_t queued() const { return queue ? queue->size() : 0; }
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_CONNECTION_H_

// The memory that the reactor shares with JavaScript: what happened (records), what to do about it (operations), and
// the bytes of both. lib/servers/event/reactor.ts reads and writes the same numbers; change both together.
#ifndef POSIX_ASYNC_CORE_REACTOR_SHARED_H_
#define POSIX_ASYNC_CORE_REACTOR_SHARED_H_

#include <cstddef>
#include <cstdint>

namespace posix_async {

// What native code tells JavaScript, as (kind, slot, a, b).
enum Kind : int32_t {
  kOpen = 0,     // a: descriptor. The slot is a connection's from here to its kClose
  kData = 1,     // a: offset in the data block, b: length. Lies there until the batch is over
  kEnd = 2,      // the client has sent its last byte
  kDrain = 3,    // everything queued has been taken by the kernel
  kClose = 4,    // a: errno or 0, b: a Reason. The last record of a slot
  kRefused = 5,  // a: errno of accept4 or of registering; slot -1
  kDropped = 6,  // a: number of a client that was closed unserved, until the batch is over; slot -1
};

enum Reason : int32_t { kClosed = 0, kTimedOut = 1, kDetached = 2 };

// What JavaScript asks of native code, as (kind, slot, a, b).
enum Operation : int32_t {
  kWrite = 0,      // a: offset in the data block, b: length
  kFinish = 1,     // shut the sending side down when the queue is empty
  kCloseSoon = 2,  // close when the queue is empty
  kDestroy = 3,    // close at once
  kPause = 4,      // stop reading
  kResume = 5,     // read again
  kRelease = 6,    // a detached connection is over; slot -1
};

struct Record {
  int32_t kind, slot, a, b;
};

enum Statistic { kAccepted, kActive, kRejected, kErrors, kBytesIn, kBytesOut, kStatistics = 8 };

constexpr int kMostRecords = 2048;
constexpr int kMostOperations = 4096;
constexpr size_t kShareSize = 64 * 1024;        // most that one connection gives in a batch
constexpr size_t kSlabSize = 1024 * 1024;       // what was read, of a whole batch
constexpr size_t kReceiveSize = kSlabSize / 2;  // the part of it that a back end which receives by itself has
constexpr size_t kOutSize = 256 * 1024;         // what JavaScript writes that does not lie in the slab
constexpr size_t kDataSize = kSlabSize + kOutSize;

struct Control {
  int32_t records;     // written by native code before a batch; JavaScript stops when it becomes 0
  int32_t operations;  // counted up by JavaScript, back to 0 when they are done
  int32_t out_used;    // bytes of the out part of the data block
  int32_t in_batch;    // operations noted now are done when the batch is over
  int32_t closed;      // the reactor is no more: nothing is told, and what is asked goes nowhere
  int32_t reserved[11];
  double statistics[kStatistics];
  Record record[kMostRecords];
  Record operation[kMostOperations];
  int32_t queued[];  // for each slot: bytes that the kernel would not take yet; -1: the client is gone
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_SHARED_H_

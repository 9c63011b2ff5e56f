// The reactor's io_uring back end by itself: requests that follow one another on the same connection. Judged by
// test/core/reactor.test.ts.
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "core/reactor/backend.h"

using namespace posix_async;

namespace {

constexpr size_t kBuffer = 4096, kBuffers = 4;
constexpr uint64_t kTag = uint64_t{7} << 32;  // slot 0, generation 7
alignas(kBuffer) uint8_t slab[kBuffers * kBuffer];

struct Seen {
  int bytes = 0, without_buffer = 0, lapsed = 0;
};

Seen Collect(Backend* backend) {
  Seen seen;
  Ready ready[64];
  for (int count; (count = backend->Collect(ready, 64)) > 0;) {
    for (int i = 0; i < count; i++) {
      seen.bytes += ready[i].result > 0 ? ready[i].result : 0;
      seen.without_buffer += ready[i].result < 0;
      seen.lapsed += (ready[i].what & kLapsed) != 0;
    }
  }
  return seen;
}

}  // namespace

int main() {
  const auto backend = MakeIoUring();
  const int error = backend->Open(slab, sizeof slab);
  int ends[2];
  if (error || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return 1;
  const std::vector<uint8_t> bytes(2 * sizeof slab, 'x');
  if (write(ends[1], bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return 1;

  // The first request fills all buffers, and ends for want of another. Before that is told it is given up, and a second
  // one made, which ends for the same reason: the connection is no longer waited for, once.
  backend->Change(ends[0], kTag, kNoInterest, kReadable);
  backend->Push();
  backend->Change(ends[0], kTag, kReadable, kNoInterest);
  backend->Change(ends[0], kTag, kNoInterest, kReadable);
  backend->Push();
  const Seen full = Collect(backend.get());
  printf("bytes %d without buffer %d lapsed %d\n", full.bytes, full.without_buffer, full.lapsed);

  // With the buffers given back the rest comes, by one request that goes on.
  backend->Resume();
  backend->Change(ends[0], kTag, kNoInterest, kReadable);
  backend->Push();
  const Seen rest = Collect(backend.get());
  printf("bytes %d\n", rest.bytes);

  // Given up, it receives no more, whichever request it is.
  backend->Resume();
  backend->Change(ends[0], kTag, kReadable, kNoInterest);
  backend->Push();
  Collect(backend.get());
  if (write(ends[1], "late", 4) != 4) return 1;
  backend->Push();
  printf("given up: bytes %d\n", Collect(backend.get()).bytes);
  close(ends[0]);
  close(ends[1]);
  return 0;
}

// The reactor's io_uring back end by itself: requests that follow one another on the same connection; sends whose
// completions find no room in the ring; clients that nobody hears of. Judged by test/core/reactor.test.ts.
#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "cases.h"
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

struct Pair {
  int ends[2];
  Pair() { CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)); }
  ~Pair() {
    close(ends[0]);
    close(ends[1]);
  }
  Pair(const Pair&) = delete;
};

std::unique_ptr<Backend> Open(unsigned entries = 512, unsigned completions = 4096) {
  auto backend = MakeIoUring(entries, completions);
  CHECK(!backend->Open(slab, sizeof slab));
  return backend;
}

uint64_t TagOf(size_t slot) { return kTag | slot; }

void FollowOneAnother() {
  const auto backend = Open();
  const Pair pair;
  const int* const ends = pair.ends;
  const std::vector<uint8_t> bytes(2 * sizeof slab, 'x');
  CHECK(write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));

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
  CHECK(write(ends[1], "late", 4) == 4);
  backend->Push();
  printf("given up: bytes %d\n", Collect(backend.get()).bytes);
}

// How many bytes are there to be read.
int64_t Arrived(int fd) {
  std::vector<uint8_t> bytes(65536);
  int64_t all = 0;
  for (ssize_t count; (count = read(fd, bytes.data(), bytes.size())) > 0;) all += count;
  return all;
}

// A ring with room for eight completions, and many connections that have received something while the sends are made,
// of each of which the kernel takes a part. Gives how many results are what has arrived.
void SendWithoutRoom() {
  constexpr size_t kReceiving = 100, kSending = 60;
  const auto backend = Open(8, 8);
  std::vector<Pair> receiving(kReceiving), sending(kSending);
  for (size_t i = 0; i < kReceiving; i++) backend->Change(receiving[i].ends[0], TagOf(i), kNoInterest, kReadable);
  backend->Push();
  for (const Pair& pair : receiving) CHECK(write(pair.ends[1], "x", 1) == 1);
  const std::vector<uint8_t> bytes(4 << 20, 'x');
  auto all = std::make_unique<std::vector<Sending>>();
  for (size_t i = 0; i < kSending; i++) {
    const auto count = static_cast<int64_t>(bytes.size());
    all->push_back({TagOf(kReceiving + i), sending[i].ends[0], bytes.data(), bytes.size(), count});
  }
  backend->Send(all.get());
  int right = 0;
  for (size_t i = 0; i < kSending; i++) right += (*all)[i].result == Arrived(sending[i].ends[1]);
  all.reset();  // nothing is written to it from here on
  const Seen seen = Collect(backend.get());
  printf("sends told right %d of %zu, received by %d\n", right, kSending, seen.bytes + seen.without_buffer);
}

int Descriptors() {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder)) count++;
  closedir(folder);
  return count;
}

// Clients that the kernel has accepted for the reactor before it stopped to listen, which goes by no more batch.
void AcceptUntold() {
  const int before = Descriptors();
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr name{AF_UNIX, {}};
  CHECK(!bind(listener, &name, sizeof name.sa_family) && !listen(listener, 8));
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  CHECK(!getsockname(listener, reinterpret_cast<sockaddr*>(&own), &size));
  auto backend = Open();
  const uint64_t tag = 1ull << 63;
  backend->Change(listener, tag, kNoInterest, kReadable | kAlwaysTold);
  backend->Push();
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK(!connect(client, reinterpret_cast<sockaddr*>(&own), size));
  const int waiting = Descriptors();
  const Pair pair;
  backend->Change(pair.ends[0], TagOf(0), kNoInterest, kReadable);
  backend->Push();
  CHECK(Descriptors() == waiting + 3);  // with the pair, and the client as accepted
  backend->Change(listener, tag, kReadable, kNoInterest);
  backend->Push();
  CHECK(backend->Stop());
  backend.reset();
  close(listener);
  char byte;
  printf("the untold client reads %zd", read(client, &byte, 1));
  close(client);
  printf(", descriptors left %d\n", Descriptors() - before - 2);
}

}  // namespace

int main(int argc, char** argv) {
  return RunCase(argc, argv, {{"follow", FollowOneAnother}, {"no room", SendWithoutRoom}, {"untold", AcceptUntold}});
}

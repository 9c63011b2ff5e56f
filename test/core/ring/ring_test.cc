// The ring without Node, one case a name. Judged by test/core/ring/ring.test.ts.
#include "core/ring/ring.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "../cases.h"
#include "core/ring/ring_prepare.h"

using namespace posix_async;

namespace {

constexpr RingOptions kFew{4, 0};

struct Opened : Ring {
  explicit Opened(const RingOptions& options = {}) { CHECK(Open(options) == 0); }

  // Submits, and waits for the next `count` completions.
  std::vector<io_uring_cqe> Wait(unsigned count) {
    std::vector<io_uring_cqe> got;
    while (got.size() < count) {
      CHECK(Submit(1) >= 0);
      Drain([&](const io_uring_cqe& completion) { got.push_back(completion); },
            count - static_cast<unsigned>(got.size()));
    }
    return got;
  }
};

// More completions than fit: each arrives once.
void Overflow() {
  Opened ring(kFew);
  std::vector<int> seen(256);
  for (uint64_t i = 0; i < 256; i++) {
    io_uring_sqe* entry = ring.Next();
    if (!entry) {
      CHECK(ring.Submit() == 4);
      entry = ring.Next();
    }
    Prepare(entry, IORING_OP_NOP, -1, nullptr, 0, 0, i);
  }
  for (const io_uring_cqe& completion : ring.Wait(256)) seen[completion.user_data]++;
  int once = 0;
  for (const int count : seen) once += count == 1;
  printf("each once %d left %u\n", once, ring.ready());
}

void FullRing() {
  Opened ring(kFew);
  for (int i = 0; i < 4; i++) CHECK(ring.Next());
  CHECK(!ring.Next() && ring.prepared() == 4);
  CHECK(ring.Submit() == 4 && ring.prepared() == 0 && ring.Next());
  printf("entries %u completions %u\n", ring.entries(), ring.ready());
}

// A signalled eventfd and a readable ring, each once there is something to drain and not before.
void Told() {
  Opened ring;
  int pair[2];
  CHECK(pipe(pair) == 0);
  const int event_fd = eventfd(0, EFD_NONBLOCK);
  CHECK(ring.RegisterEventFd(event_fd) == 0);
  char byte = 0;
  Prepare(ring.Next(), IORING_OP_READ, pair[0], &byte, 1, static_cast<uint64_t>(-1), 7);
  CHECK(ring.Submit() == 1);
  pollfd waited[2] = {{event_fd, POLLIN, 0}, {ring.fd(), POLLIN, 0}};
  const int before = poll(waited, 2, 0);
  CHECK(write(pair[1], "x", 1) == 1);
  CHECK(poll(waited, 2, 10'000) >= 1);
  const io_uring_cqe completion = ring.Wait(1)[0];
  printf("before %d event %d byte %c user_data %d result %d\n", before, waited[0].revents & POLLIN, byte,
         static_cast<int>(completion.user_data), completion.res);
  for (const int fd : {event_fd, pair[0], pair[1]}) close(fd);
}

void Cancelled() {
  Opened ring;
  int pair[2];
  CHECK(pipe(pair) == 0);
  char bytes[2];
  Prepare(ring.Next(), IORING_OP_READ, pair[0], &bytes[0], 1, static_cast<uint64_t>(-1), 1);
  Prepare(ring.Next(), IORING_OP_READ, pair[0], &bytes[1], 1, static_cast<uint64_t>(-1), 2);
  PrepareCancel(ring.Next(), 1, 3);
  std::map<uint64_t, int> results;
  for (const io_uring_cqe& completion : ring.Wait(2)) results[completion.user_data] = completion.res;
  PrepareCancelFd(ring.Next(), pair[0], 4);
  for (const io_uring_cqe& completion : ring.Wait(2)) results[completion.user_data] = completion.res;
  printf("read %d cancel %d read %d cancel %d\n", results[1], results[3], results[2], results[4]);
  for (const int fd : pair) close(fd);
}

struct Connected {
  int listener, client = -1;
  Connected() : listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener, 10) == 0);
    CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(client, reinterpret_cast<sockaddr*>(&address), size) == 0);
  }
  ~Connected() {
    close(listener);
    close(client);
  }
};

// One entry accepts, one entry receives for as long as there are buffers, which go round.
void Multishot() {
  constexpr uint64_t kAccept = 1, kReceive = 2, kSend = 3;
  Opened ring;
  BufferRing buffers;
  CHECK(buffers.Open(ring, 5, 8, 64) == 0);
  Connected pair;
  PrepareAcceptMultishot(ring.Next(), pair.listener, SOCK_CLOEXEC, kAccept);
  const io_uring_cqe accepted = ring.Wait(1)[0];
  CHECK(accepted.res >= 0 && accepted.flags & IORING_CQE_F_MORE);
  PrepareRecvMultishot(ring.Next(), accepted.res, 5, kReceive);
  int right = 0;
  for (int i = 0; i < 1000; i++) {
    char text[64];
    snprintf(text, sizeof text, "message %d", i);
    CHECK(write(pair.client, text, sizeof text) == sizeof text);
    const io_uring_cqe received = ring.Wait(1)[0];
    CHECK(received.user_data == kReceive && received.res == sizeof text && received.flags & IORING_CQE_F_BUFFER);
    const uint16_t number = BufferRing::NumberOf(received);
    PrepareSend(ring.Next(), accepted.res, buffers.At(number), sizeof text, MSG_WAITALL, kSend);
    CHECK(ring.Wait(1)[0].res == sizeof text);
    buffers.Give(number);
    buffers.Publish();
    char reply[64];
    right += read(pair.client, reply, sizeof reply) == sizeof reply && !memcmp(reply, text, sizeof reply);
  }
  shutdown(pair.client, SHUT_WR);
  const io_uring_cqe end = ring.Wait(1)[0];
  printf("right %d end %d more %u\n", right, end.res, end.flags & IORING_CQE_F_MORE);
  close(accepted.res);
  buffers.Close(ring);
}

// Nine pieces into a group of eight: the ninth is refused, and arrives when there are buffers again.
void NoBuffers() {
  Opened ring;
  BufferRing buffers;
  CHECK(buffers.Open(ring, 0, 8, 16) == 0);
  Connected pair;
  const int fd = accept(pair.listener, nullptr, nullptr);
  char text[9 * 16] = {};
  CHECK(write(pair.client, text, sizeof text) == sizeof text);
  PrepareRecvMultishot(ring.Next(), fd, 0, 1);
  const auto got = ring.Wait(9);
  const bool more = got[8].flags & IORING_CQE_F_MORE;
  for (int i = 0; i < 8; i++) buffers.Give(BufferRing::NumberOf(got[static_cast<size_t>(i)]));
  buffers.Publish();
  PrepareRecvMultishot(ring.Next(), fd, 0, 2);
  printf("ninth %d more %d later %d\n", got[8].res, more, ring.Wait(1)[0].res);
  close(fd);
}

// The child forgets the ring and makes another; the parent's request is not disturbed.
void Forked() {
  Opened ring;
  int pair[2];
  CHECK(pipe(pair) == 0);
  char byte = 0;
  Prepare(ring.Next(), IORING_OP_READ, pair[0], &byte, 1, static_cast<uint64_t>(-1), 1);
  CHECK(ring.Submit() == 1);
  const pid_t pid = fork();
  if (pid == 0) {
    ring.Forget();
    Opened own;
    Prepare(own.Next(), IORING_OP_NOP, -1, nullptr, 0, 0, 9);
    _exit(own.Wait(1)[0].user_data == 9 ? 42 : 1);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK(write(pair[1], "x", 1) == 1);
  const int result = ring.Wait(1)[0].res;
  printf("child %d parent %d byte %c\n", WEXITSTATUS(status), result, byte);
  for (const int fd : pair) close(fd);
}

void Probe() {
  Opened ring;
  RingProbe probe;
  CHECK(probe.Ask(ring) == 0);
  printf("read %d accept %d beyond %d\n", probe.can[IORING_OP_READ], probe.can[IORING_OP_ACCEPT], probe.can[255]);
}

// Whether a ring can be had at all: 0 or errno.
void Available() {
  Ring ring;
  const int error = ring.Open(kFew);
  printf("%d\n", -error);
}

}  // namespace

int main(int count, char** arguments) {
  return RunCase(count, arguments,
                 {
                     {"available", Available},
                     {"overflow", Overflow},
                     {"full", FullRing},
                     {"told", Told},
                     {"cancelled", Cancelled},
                     {"multishot", Multishot},
                     {"no-buffers", NoBuffers},
                     {"forked", Forked},
                     {"probe", Probe},
                 });
}

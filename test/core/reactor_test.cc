// The reactor without Node: a loop of poll(2) on its wake descriptor takes JavaScript's part and echoes, or a native
// handler does. Arguments: back end, who echoes ("records" or "native"),
// or "available": errno of opening it. Judged by test/core/reactor.test.ts.
#include "core/reactor/reactor.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "core/handlers/handler.h"

using namespace posix_async;

namespace {

constexpr int kThreads = 4;
constexpr int kConnections = 40;  // a thread, one after the other
constexpr size_t kMostBytes = 300 * 1000;

std::atomic<int> wrong{0};

int Descriptors() {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder)) count++;
  closedir(folder);
  return count;
}

int ListenOnLoopback(sockaddr_in* address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(fd, reinterpret_cast<sockaddr*>(address), sizeof *address);
  listen(fd, 100);
  socklen_t size = sizeof *address;
  getsockname(fd, reinterpret_cast<sockaddr*>(address), &size);
  return fd;
}

// Sends and reads in turns so that both directions fill up, and compares every byte.
void Converse(int fd, size_t size, unsigned seed) {
  std::string sent(size, 0), got(size, 0);
  for (size_t i = 0; i < size; i++) sent[i] = static_cast<char>((i * 31 + seed) >> 3);
  std::thread writer([&] {
    for (size_t at = 0; at < size;) at += static_cast<size_t>(write(fd, sent.data() + at, size - at));
    shutdown(fd, SHUT_WR);
  });
  size_t at = 0;
  for (ssize_t count; (count = read(fd, got.data() + at, size - at)) > 0;) at += static_cast<size_t>(count);
  writer.join();
  if (at != size || got != sent) wrong++;
}

void Client(const sockaddr_in& address, unsigned seed) {
  for (unsigned i = 0; i < kConnections; i++) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address)) wrong++;
    if (i % 4 == 3) {  // leaves without a word, by a reset
      const linger now{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    } else {
      Converse(fd, i % 4 ? 64 : kMostBytes, seed + i);
    }
    close(fd);
  }
}

void Ask(Control* control, Operation kind, const Record& about) {
  control->operation[control->operations++] = {kind, about.slot, about.a, about.b};
}

void Echo(Reactor* reactor) {
  Control* control = reactor->control();
  for (int32_t i = 0; i < control->records; i++) {
    const Record record = control->record[i];
    if (record.kind == kData) Ask(control, kWrite, record);
    if (record.kind == kEnd) Ask(control, kCloseSoon, record);
  }
}

void Serve(Reactor* reactor) {
  uint64_t now = 0;
  const double* counts = reactor->control()->statistics;
  while (counts[kAccepted] < kThreads * kConnections || counts[kActive] > 0) {
    pollfd wake{reactor->wake_fd(), POLLIN, 0};
    poll(&wake, 1, reactor->pending() ? 0 : 10);
    reactor->Collect(++now);
    Echo(reactor);
    reactor->Settle(now);
  }
}

std::unique_ptr<Backend> BackendNamed(const std::string& name) {
  if (name == "poll") return MakePoll();
  if (name == "select") return MakeSelect();
  if (name == "io_uring") return MakeIoUring();
  return MakeEpoll(name == "epoll-edge");
}

int Run(const std::string& backend, bool native) {
  ReactorOptions options;
  options.edge_triggered = backend == "epoll-edge";
  int error = 0;
  if (native) options.handler = RunningHandler::Start(&kEcho, &error);
  Reactor reactor(BackendNamed(backend), options);
  sockaddr_in address{};
  const int listener = ListenOnLoopback(&address);
  if (reactor.Open() || reactor.Listen(listener)) return 1;
  std::thread clients[kThreads];
  for (unsigned i = 0; i < kThreads; i++) clients[i] = std::thread(Client, address, i * 1000);
  Serve(&reactor);
  for (std::thread& client : clients) client.join();
  reactor.Unlisten(listener);
  close(listener);
  const double* counts = reactor.control()->statistics;
  printf("accepted %.0f active %.0f wrong %d same %d\n", counts[kAccepted], counts[kActive], wrong.load(),
         counts[kBytesIn] == counts[kBytesOut]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (!strcmp(argv[2], "available")) {
    printf("%d\n", -Reactor(BackendNamed(argv[1]), {}).Open());
    return 0;
  }
  const int before = Descriptors();
  if (Run(argv[1], !strcmp(argv[2], "native"))) return 1;
  printf("descriptors left %d\n", Descriptors() - before);
  return 0;
}

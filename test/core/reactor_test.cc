// The reactor without Node: a loop of poll(2) on its wake descriptor takes JavaScript's part and echoes, or a native
// handler does. Arguments: back end, and what to do: "records" or "native" says who echoes, "pausing" has the echo
// pause clients and go on with them all the time, "scarce" lets 300 clients wait when there is no descriptor for them,
// "large" answers one byte with a megabyte,
// "available" is the errno of opening it. Judged by test/core/reactor.test.ts.
#include "core/reactor/reactor.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

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
  listen(fd, 1000);
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

// A batch, when there is something to do, with what is done about each record. Nothing that must be done may need
// another reason to wake up.
template <typename Use>
void Turn(Reactor* reactor, int timeout, Use use) {
  static uint64_t now = 0;
  pollfd wake{reactor->wake_fd(), POLLIN, 0};
  poll(&wake, 1, reactor->pending() ? 0 : timeout);
  reactor->Collect(++now);
  const std::vector<Record> records(reactor->control()->record,
                                    reactor->control()->record + reactor->control()->records);
  for (const Record& record : records) use(record);
  reactor->Settle(now);
}

void Turn(Reactor* reactor, int timeout = -1) {
  Control* const control = reactor->control();
  Turn(reactor, timeout, [&](const Record& record) {
    if (record.kind == kData) Ask(control, kWrite, record);
    if (record.kind == kEnd) Ask(control, kCloseSoon, record);
  });
}

bool IsBusy(const double* counts) { return counts[kAccepted] < kThreads * kConnections || counts[kActive] > 0; }

void Serve(Reactor* reactor) {
  while (IsBusy(reactor->control()->statistics)) Turn(reactor);
}

// Of those who have sent something some are paused and go on at once, some in the next batch.
void ServePausing(Reactor* reactor) {
  Control* const control = reactor->control();
  std::vector<Record> paused;
  unsigned draw = 1;
  while (IsBusy(control->statistics)) {
    Turn(reactor, paused.empty() ? -1 : 0);
    for (const Record& record : paused) Ask(control, kResume, record);
    if (!paused.empty()) reactor->Flush(0);
    paused.clear();
    for (int32_t i = 0; i < control->records; i++) {
      const Record& record = control->record[i];
      draw = draw * 1103515245 + 12345;
      if (record.kind != kData || draw >> 16 & 1) continue;
      Ask(control, kPause, record);
      reactor->Flush(0);
      if (draw >> 17 & 1) {
        Ask(control, kResume, record);
      } else {
        paused.push_back(record);
      }
      reactor->Flush(0);
    }
  }
}

std::unique_ptr<Backend> BackendNamed(const std::string& name) {
  if (name == "poll") return MakePoll();
  if (name == "select") return MakeSelect();
  if (name == "io_uring") return MakeIoUring();
  return MakeEpoll(name == "epoll-edge");
}

// Clients wait in the backlog, more of them than one batch accepts, and there is no descriptor for any (io_uring goes
// by the limit at the time of its request). Gives how many are served when there are descriptors again.
int ServeScarce(Reactor* reactor, int listener, const sockaddr_in& address) {
  constexpr int kClients = 300;
  std::vector<int> clients;
  for (int i = 0; i < kClients; i++) clients.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{3, limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  if (reactor->Listen(listener)) wrong++;
  for (const int client : clients)
    if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address)) wrong++;
  bool refused = false;
  while (!refused) {
    Turn(reactor);
    for (int32_t i = 0; i < reactor->control()->records; i++) refused |= reactor->control()->record[i].kind == kRefused;
  }
  setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = 0; i < 1000 && reactor->control()->statistics[kAccepted] < kClients; i++) Turn(reactor, 1);
  const int accepted = static_cast<int>(reactor->control()->statistics[kAccepted]);
  for (const int client : clients) close(client);
  while (reactor->control()->statistics[kActive] > 0) Turn(reactor);
  return accepted;
}

void Limit(int fd, int buffer) {
  const int little = 4096;
  setsockopt(fd, SOL_SOCKET, buffer, &little, sizeof little);
}

// Reads all that comes and gives how much it was.
size_t Ask(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Limit(fd, SO_RCVBUF);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) || write(fd, "?", 1) != 1) wrong++;
  std::string part(65536, 0);
  size_t all = 0;
  for (ssize_t count; (count = read(fd, part.data(), part.size())) > 0;) all += static_cast<size_t>(count);
  close(fd);
  return all;
}

// One write that the kernel takes a part of; nothing else happens that would have the reactor look at it again.
size_t ServeLarge(Reactor* reactor, const sockaddr_in& address) {
  size_t got = 0;
  std::thread client([&] { got = Ask(address); });
  Control* const control = reactor->control();
  do {
    Turn(reactor, -1, [&](const Record& record) {
      if (record.kind == kData) Ask(control, kWrite, {kWrite, record.slot, 0, static_cast<int32_t>(kSlabSize)});
      if (record.kind == kDrain) Ask(control, kCloseSoon, record);
    });
  } while (control->statistics[kAccepted] == 0 || control->statistics[kActive] > 0);
  client.join();
  return got;
}

int Run(const std::string& backend, const std::string& what) {
  ReactorOptions options;
  options.edge_triggered = backend == "epoll-edge";
  int error = 0;
  if (what == "native") options.handler = RunningHandler::Start(&kEcho, &error);
  Reactor reactor(BackendNamed(backend), options);
  sockaddr_in address{};
  const int listener = ListenOnLoopback(&address);
  if (reactor.Open()) return 1;
  if (what == "large") {
    Limit(listener, SO_SNDBUF);  // clients' sockets have it from there
    if (reactor.Listen(listener)) return 1;
    printf("got %zu\n", ServeLarge(&reactor, address));
  } else if (what == "scarce") {
    printf("accepted %d wrong %d\n", ServeScarce(&reactor, listener, address), wrong.load());
  } else {
    if (reactor.Listen(listener)) return 1;
    std::thread clients[kThreads];
    for (unsigned i = 0; i < kThreads; i++) clients[i] = std::thread(Client, address, i * 1000);
    what == "pausing" ? ServePausing(&reactor) : Serve(&reactor);
    for (std::thread& client : clients) client.join();
    const double* counts = reactor.control()->statistics;
    printf("accepted %.0f active %.0f wrong %d same %d\n", counts[kAccepted], counts[kActive], wrong.load(),
           counts[kBytesIn] == counts[kBytesOut]);
  }
  reactor.Unlisten(listener);
  close(listener);
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
  if (Run(argv[1], argv[2])) return 1;
  printf("descriptors left %d\n", Descriptors() - before);
  return 0;
}

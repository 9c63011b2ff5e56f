// The reactor with clients whose segments are small and that read slowly, each of which sends a letter of its own: what
// it is sent is that letter, all of it and nothing else. One thread is the clients and the server in turns, so that
// each batch finds as much as the buffers of the kernel hold. Arguments: back end, and who answers: "records" from
// where the bytes lie, "copies" from the part of the data block for what JavaScript writes, "native" a handler that
// writes what it was given, or a part of that and bytes of its own stack. Of three clients one leaves by a reset in the
// middle, and one before it is answered, so that the second write of an answer fails. "available" is the errno of
// opening the back end. Judged by test/core/reactor-letters.test.ts.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "cases.h"
#include "core/handlers/handler.h"
#include "core/reactor/reactor.h"

using namespace posix_async;

namespace {

constexpr int kClients = 24;
constexpr size_t kBytes = 600 * 1000;  // that a client sends
constexpr size_t kFewBytes = 4000;     // of one that leaves at once
constexpr int kSegment = 1400, kBuffer = 8192;

long foreign = 0;  // bytes that were another's, on the way in or on the way out

unsigned Draw() {
  static unsigned last = 1;
  last = last * 1103515245 + 12345;
  return last >> 16;
}

// ---- the handler

struct Own {
  char letter;
  unsigned calls;
  uint64_t whole;  // not changed by anybody while the connection lives
};
constexpr uint64_t kWhole = 0x706f736978617379;
int inside = 0, opened = 0, closed = 0;

int OnData(void* state, const posix_async_context*, const void* data, size_t length, posix_async_writer* writer) {
  auto* own = static_cast<Own*>(state);
  CHECK(++inside == 1);
  if (!own->calls++) {
    own->letter = *static_cast<const char*>(data);
    own->whole = kWhole;
    opened++;
  }
  for (size_t i = 0; i < length; i++) foreign += static_cast<const char*>(data)[i] != own->letter;
  int error = 0;
  if (own->letter % 2) {
    error = writer->write(writer, data, length);
  } else {
    char piece[512];
    memset(piece, own->letter, sizeof piece);
    error = writer->write(writer, data, length / 2);
    for (size_t left = length - length / 2; left > 0 && !error;) {
      const size_t count = left < sizeof piece ? left : sizeof piece;
      error = writer->write(writer, piece, count);
      left -= count;
    }
    memset(piece, '?', sizeof piece);
  }
  CHECK(own->whole == kWhole);  // also where a write has failed
  CHECK(--inside == 0);
  return error;
}

int OnEnd(void* state, const posix_async_context*, posix_async_writer*) {
  CHECK(!static_cast<Own*>(state)->calls || static_cast<Own*>(state)->whole == kWhole);
  return POSIX_ASYNC_END;
}

void OnClose(void* state, const posix_async_context*) {
  CHECK(inside == 0);
  auto* own = static_cast<Own*>(state);
  closed += own->whole == kWhole;
  own->whole = 0;
}

const Handler kLetters = {
    POSIX_ASYNC_HANDLER_HEAD("letters"), nullptr, nullptr, nullptr, sizeof(Own), OnData, OnEnd, OnClose,
};

// ---- the clients

void Set(int fd, int level, int option, int value) { CHECK(!setsockopt(fd, level, option, &value, sizeof value)); }

class Client {
 public:
  Client(const sockaddr_in& address, int number)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        letter_(static_cast<char>('A' + number % 26)),
        resets_(number % 3 == 2),
        bytes_(number % 3 == 1 ? kFewBytes : kBytes) {
    Set(fd_, IPPROTO_TCP, TCP_MAXSEG, kSegment);
    Set(fd_, SOL_SOCKET, SO_RCVBUF, kBuffer);
    CHECK(!connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  }

  bool over() const { return fd_ < 0; }
  bool right() const { return over() && (resets_ || bytes_ == kFewBytes || got_ == kBytes); }

  // As much as goes.
  void Send() {
    if (sent_ == bytes_) return;
    const std::string bytes(65536, letter_);
    for (ssize_t count = 1; count > 0 && sent_ < bytes_;) {
      count = send(fd_, bytes.data(), std::min(bytes.size(), bytes_ - sent_), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count > 0) sent_ += static_cast<size_t>(count);
      CHECK(count > 0 || errno == EAGAIN);
    }
    if (sent_ == bytes_) shutdown(fd_, SHUT_WR);
    if (sent_ == kFewBytes && bytes_ == kFewBytes) close(std::exchange(fd_, -1));
    if (resets_ && sent_ > kBytes / 2) Reset();
  }

  // All that is there.
  void Receive() {
    char bytes[4096];
    for (ssize_t count = 1; !over() && count > 0;) {
      count = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
      for (ssize_t i = 0; i < count; i++) foreign += bytes[i] != letter_;
      if (count > 0) got_ += static_cast<size_t>(count);
      CHECK(count >= 0 || errno == EAGAIN);
      if (count == 0) close(std::exchange(fd_, -1));
    }
  }

 private:
  void Reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(std::exchange(fd_, -1));
  }

  int fd_;
  const char letter_;
  const bool resets_;
  const size_t bytes_;
  size_t sent_ = 0, got_ = 0;
};

// ---- the server

int ListenOnLoopback(sockaddr_in* address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Set(fd, SOL_SOCKET, SO_SNDBUF, kBuffer);  // the connections have it from here
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(!bind(fd, reinterpret_cast<sockaddr*>(address), sizeof *address) && !listen(fd, kClients));
  socklen_t size = sizeof *address;
  CHECK(!getsockname(fd, reinterpret_cast<sockaddr*>(address), &size));
  return fd;
}

void Write(Reactor* reactor, const Record& piece) {
  Control* const control = reactor->control();
  if (control->operations == kMostOperations) reactor->Flush(1);
  control->operation[control->operations++] = piece;
}

// As JavaScript writes what does not lie in the slab: copied to where there is room for it, piece by piece.
void WriteCopies(Reactor* reactor, const Record& record) {
  constexpr int32_t kPiece = 10 * 1000;
  Control* const control = reactor->control();
  for (int32_t at = 0; at < record.b; at += kPiece) {
    const int32_t count = std::min(kPiece, record.b - at);
    if (control->out_used + count > static_cast<int32_t>(kOutSize)) reactor->Flush(1);
    const int32_t to = static_cast<int32_t>(kSlabSize) + control->out_used;
    memcpy(reactor->data() + to, reactor->data() + record.a + at, static_cast<size_t>(count));
    control->out_used += count;
    Write(reactor, {kWrite, record.slot, to, count});
  }
}

void Turn(Reactor* reactor, bool copies) {
  Control* const control = reactor->control();
  reactor->Collect(1);
  control->in_batch = 1;
  for (int32_t i = 0; i < control->records; i++) {
    const Record record = control->record[i];
    if (record.kind == kData && copies) WriteCopies(reactor, record);
    if (record.kind == kData && !copies) Write(reactor, {kWrite, record.slot, record.a, record.b});
    if (record.kind == kEnd) Write(reactor, {kCloseSoon, record.slot, 0, 0});
  }
  control->in_batch = 0;
  reactor->Settle(1);
}

std::unique_ptr<Backend> BackendNamed(const std::string& name) {
  if (name == "poll") return MakePoll();
  if (name == "select") return MakeSelect();
  if (name == "io_uring") return MakeIoUring();
  return MakeEpoll(name == "epoll-edge");
}

// Waits until the server has something to do; the back ends with a thread say so a moment later.
void Await(const Reactor& reactor) {
  pollfd wake{reactor.wake_fd(), POLLIN, 0};
  if (!reactor.pending()) poll(&wake, 1, 2);
}

void Serve(Reactor* reactor, std::vector<Client>* clients, bool copies) {
  for (bool busy = true; busy || reactor->control()->statistics[kActive] > 0;) {
    busy = false;
    for (Client& client : *clients) {
      if (!client.over()) client.Send();
      if (Draw() % 4 == 0) client.Receive();  // the others let theirs fill up
      busy |= !client.over();
    }
    Await(*reactor);
    Turn(reactor, copies);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string backend = argv[1], who = argv[2];
  if (who == "available") {
    printf("%d\n", -Reactor(BackendNamed(backend), {}).Open());
    return 0;
  }
  ReactorOptions options;
  options.edge_triggered = backend == "epoll-edge";
  int error = 0;
  if (who == "native") options.handler = RunningHandler::Start(&kLetters, &error);
  if (who == "native") options.high_water_mark = 1;
  Reactor reactor(BackendNamed(backend), options);
  sockaddr_in address{};
  const int listener = ListenOnLoopback(&address);
  CHECK(!error && !reactor.Open() && !reactor.Listen(listener));
  std::vector<Client> clients;
  for (int i = 0; i < kClients; i++) clients.emplace_back(address, i);
  Serve(&reactor, &clients, who == "copies");
  int right = 0;
  for (const Client& client : clients) right += client.right();
  printf("right %d of %d, foreign bytes %ld, states left %d\n", right, kClients, foreign, opened - closed);
  reactor.Unlisten(listener);
  close(listener);
  return 0;
}

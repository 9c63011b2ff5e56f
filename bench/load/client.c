// One client's life: connect, send, receive, check the reply, and begin again while there is time.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

const char* const kErrorNames[] = {"connect", "reset", "closed", "wrong", "timeout", "other"};

static char received_bytes[kPatternSize];

// What the request under way says, how long it is, and where in it byte `at` lies.
static uint64_t MessageSize(const Load* load) {
  return load->options.mode == kRequest ? strlen(load->options.text) : load->options.size;
}

static const char* MessageAt(const Load* load, const Client* client, uint64_t at) {
  if (load->options.mode == kRequest) return load->options.text + at;
  return load->pattern + (client->sequence + at) % kPatternPeriod;
}

static void Watch(Load* load, Client* client, uint32_t interest) {
  if (client->interest == interest) return;
  struct epoll_event event = {.events = interest, .data.ptr = client};
  epoll_ctl(load->epoll, client->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, client->fd, &event);
  client->interest = interest;
}

void CloseClient(Client* client) {
  if (client->fd >= 0) close(client->fd);
  client->fd = -1;
  client->interest = 0;
}

void FailClient(Load* load, Client* client, ErrorKind kind, const char* why) {
  Totals* const totals = &load->totals;
  totals->errors[kind]++;
  if (totals->first_error[0] == '\0') {
    snprintf(totals->first_error, sizeof totals->first_error, "%s: %s", kErrorNames[kind], why);
  }
  CloseClient(client);
  load->connecting -= client->state == kConnecting;
  client->state = kFailed;  // begun again by the main loop, after a pause
  load->busy--;
  if (load->failed++ == 0) load->retry_at = Now() + kRetryNanoseconds;
}

static void FailWithErrno(Load* load, Client* client) {
  const bool reset = errno == ECONNRESET || errno == EPIPE || errno == ECONNABORTED;
  const ErrorKind kind = client->state == kConnecting ? kConnectError : reset ? kResetError : kOtherError;
  FailClient(load, client, kind, strerror(errno));
}

static void Park(Load* load, Client* client) {
  client->state = kParked;
  load->busy--;
  if (load->options.rate > 0) load->idle[load->idle_count++] = client;
}

bool MayBegin(const Load* load) {
  const uint64_t most = load->options.max_requests;
  return Now() < load->deadline && (most == 0 || load->totals.started < most);
}

static void Complete(Load* load, Client* client) {
  if (client->wrong) return FailClient(load, client, kWrongError, "the reply is not the one expected");
  load->totals.ended = Now();
  load->totals.requests++;
  Record(&load->totals.latency, load->totals.ended - client->began);
  if (IsAbandoned(load, client)) Abandon(client);
  if (load->options.mode != kEcho) CloseClient(client);
  Park(load, client);
  if (load->options.rate == 0 && MayBegin(load)) BeginClient(load, client, Now());
}

// Compares what came with what was to come, byte for byte, as it arrives.
static void Check(const Load* load, Client* client, size_t count) {
  const char* expected = load->options.expected;
  if (load->options.mode == kEcho || load->options.mode == kChurn) {
    const bool fits = client->received + count <= load->options.size;
    client->wrong |= !fits || memcmp(received_bytes, MessageAt(load, client, client->received), count) != 0;
  } else if (expected != NULL) {
    const bool fits = client->received + count <= strlen(expected);
    client->wrong |= !fits || memcmp(received_bytes, expected + client->received, count) != 0;
  }
}

static void EndOfFile(Load* load, Client* client) {
  const char* expected = load->options.expected;
  const bool halfway = load->options.mode == kChurn && client->received < load->options.size;
  if (load->options.mode == kEcho || halfway || client->state != kReceiving) {
    return FailClient(load, client, kClosedError, "the server closed the connection");
  }
  if (client->received == 0 && (expected != NULL ? *expected != '\0' : load->options.mode == kRequest)) {
    return FailClient(load, client, kClosedError, "the server closed the connection without a reply");
  }
  if (expected != NULL && client->received < strlen(expected)) client->wrong = true;
  Complete(load, client);
}

// Others read until end of file.
static bool IsAnswered(const Load* load, const Client* client) {
  if (client->received < load->options.size) return false;
  return load->options.mode == kEcho || (load->options.mode == kChurn && client->ending == kCloseAnswered);
}

static void Receive(Load* load, Client* client) {
  for (;;) {
    const ssize_t count = recv(client->fd, received_bytes, sizeof received_bytes, MSG_DONTWAIT);
    if (count == 0) return EndOfFile(load, client);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return FailWithErrno(load, client);
    Check(load, client, (size_t)count);
    client->received += (uint64_t)count;
    load->totals.bytes_in += (uint64_t)count;
    if (IsAnswered(load, client)) return Complete(load, client);
  }
}

static void Sent(Load* load, Client* client) {
  const Mode mode = load->options.mode;
  if (IsAbandoned(load, client)) return Complete(load, client);
  client->state = kReceiving;
  if (mode == kUpload || (mode == kChurn && client->ending == kHalfClose)) shutdown(client->fd, SHUT_WR);
  Watch(load, client, EPOLLIN);
}

static void Send(Load* load, Client* client) {
  const uint64_t size = MessageSize(load);
  while (client->sent < size) {
    const uint64_t left = size - client->sent, most = kPatternSize;
    const char* const data = MessageAt(load, client, client->sent);
    const ssize_t count = send(client->fd, data, left < most ? left : most, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return Watch(load, client, EPOLLIN | EPOLLOUT);
    if (count < 0) return FailWithErrno(load, client);
    client->sent += (uint64_t)count;
    load->totals.bytes_out += (uint64_t)count;
  }
  Sent(load, client);
}

static void Connected(Load* load, Client* client) {
  load->connecting--;
  if (load->options.mode == kIdle) {
    load->totals.requests++;
    Record(&load->totals.latency, Now() - client->began);
    client->state = kHolding;
    Watch(load, client, EPOLLIN);
  } else if (load->options.mode == kChurn && (client->ending == kResetUnsaid || client->ending == kCloseUnsaid)) {
    Complete(load, client);
  } else {
    client->state = kSending;
    Send(load, client);
  }
}

static void Connect(Load* load, Client* client) {
  const int one = 1;
  client->state = kConnecting;
  load->connecting++;
  client->fd = socket(load->options.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0) return FailWithErrno(load, client);
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(client->fd, (struct sockaddr*)&load->options.address, load->options.address_size) == 0) {
    return Connected(load, client);
  }
  if (errno != EINPROGRESS) return FailWithErrno(load, client);
  Watch(load, client, EPOLLOUT);
}

void BeginClient(Load* load, Client* client, uint64_t began) {
  client->began = began;
  client->sent = client->received = 0;
  client->sequence = load->totals.started++;
  client->wrong = false;
  client->ending = EndingOf(client->sequence);
  load->busy++;
  if (client->fd < 0) return Connect(load, client);
  client->state = kSending;
  Send(load, client);
}

static void FinishConnect(Load* load, Client* client) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  if (error != 0) return FailWithErrno(load, client);
  Connected(load, client);
}

void AdvanceClient(Load* load, Client* client, uint32_t events) {
  const int fd = client->fd;
  const uint64_t sequence = client->sequence;
  if (client->state == kParked) return CloseClient(client);  // the server was first to end it; that is its right
  if (client->state == kConnecting) return FinishConnect(load, client);
  if (client->state == kSending && (events & EPOLLOUT)) Send(load, client);
  if (client->fd != fd || client->sequence != sequence) return;  // it has begun anew
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) Receive(load, client);
}

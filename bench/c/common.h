// What the C peers share: arguments, the listening socket, and the handlers in their blocking form.
#ifndef POSIX_ASYNC_BENCH_COMMON_H_
#define POSIX_ASYNC_BENCH_COMMON_H_

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kBacklog = 1024, kRequestSize = 256, kEchoSize = 65536, kLargest = 34, kThinkNanoseconds = 10000000 };

// fibonacci: one request a connection. echo: what comes goes back. think: the request goes back after 10 ms.
// upload: everything is read, and its size is the reply.
typedef enum { kFibonacci, kEcho, kThink, kUpload, kHandlers } Handler;
static const char* const kHandlerNames[kHandlers] = {"fibonacci", "echo", "think", "upload"};

static inline void Die(const char* what) {
  perror(what);
  exit(1);
}

// Recursive on purpose: the lesson's unit of work.
static long Fib(int n) { return n < 2 ? 1 : Fib(n - 1) + Fib(n - 2); }

// The reply to a request's text: fib(n) in decimal, or "out of range" for what is no integer from 0 to 34.
static inline int Answer(const char* text, char* reply, size_t size) {
  char* end;
  errno = 0;
  const long n = strtol(text, &end, 10);
  const int digits = end != text;
  while (*end == ' ' || *end == '\t' || *end == '\r' || *end == '\n') end++;
  if (!digits || *end != '\0' || errno != 0 || n < 0 || n > kLargest) return snprintf(reply, size, "out of range");
  return snprintf(reply, size, "%ld", Fib((int)n));
}

static inline ssize_t ReadSome(int fd, void* buffer, size_t size) {
  ssize_t count;
  do count = read(fd, buffer, size);
  while (count < 0 && errno == EINTR);
  return count;
}

static inline int WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t count = write(fd, data, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    data += count;
    size -= (size_t)count;
  }
  return 0;
}

// Waits as a handler does that asks a database: without using the CPU.
static inline void Think(void) {
  const struct timespec time = {.tv_nsec = kThinkNanoseconds};
  nanosleep(&time, NULL);
}

// One read and one write. Gives 1 where the connection is to be kept for more.
static inline int ServeOnce(int fd, Handler handler) {
  if (handler == kEcho) {
    char data[kEchoSize];
    const ssize_t count = ReadSome(fd, data, sizeof data);
    return count > 0 && WriteAll(fd, data, (size_t)count) == 0;
  }
  char text[kRequestSize + 1], reply[32];
  const ssize_t count = ReadSome(fd, text, kRequestSize);
  if (count <= 0) return 0;
  text[count] = '\0';
  if (handler == kThink) {
    Think();
    WriteAll(fd, text, (size_t)count);
  } else {
    WriteAll(fd, reply, (size_t)Answer(text, reply, sizeof reply));
  }
  return 0;
}

static inline void ReplySize(int fd, uint64_t size) {
  char reply[32];
  WriteAll(fd, reply, (size_t)snprintf(reply, sizeof reply, "%" PRIu64, size));
}

static inline void ReceiveUpload(int fd) {
  char data[kEchoSize];
  uint64_t size = 0;
  for (ssize_t count; (count = ReadSome(fd, data, sizeof data)) > 0;) size += (uint64_t)count;
  ReplySize(fd, size);
}

// A whole connection, blocking: until the handler or the client has had enough.
static inline void Serve(int fd, Handler handler) {
  if (handler == kUpload) return ReceiveUpload(fd);
  while (ServeOnce(fd, handler)) continue;
}

// accept(2); what ends one connection attempt only does not end the server.
static inline int Accept(int listener) {
  for (;;) {
    const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0) return client;
    if (errno == EAGAIN) return -1;
    if (errno != EINTR && errno != ECONNABORTED) Die("accept");
  }
}

static inline Handler ParseHandler(const char* name) {
  for (int i = 0; i < kHandlers; i++) {
    if (strcmp(name, kHandlerNames[i]) == 0) return (Handler)i;
  }
  fprintf(stderr, "no handler \"%s\": it is fibonacci, echo, think or upload\n", name);
  exit(2);
}

static inline int ParsePort(const char* text) {
  char* end;
  const long port = strtol(text, &end, 10);
  if (*text != '\0' && *end == '\0' && port >= 0 && port <= 65535) return (int)port;
  fprintf(stderr, "no port \"%s\": it is a number from 0 to 65535\n", text);
  exit(2);
}

// Listens on 127.0.0.1 and says on which port, on a line of standard output.
static inline int Listen(int port) {
  const int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  // accepted sockets inherit it
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0) Die("bind");
  if (listen(fd, kBacklog) < 0) Die("listen");
  socklen_t size = sizeof address;
  if (getsockname(fd, (struct sockaddr*)&address, &size) < 0) Die("getsockname");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

// PROGRAM HANDLER [PORT]: gives the listener. The peer dies with whoever started it, and not of a client that is gone.
static inline int Start(int argc, char** argv, Handler* handler) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: %s fibonacci|echo|think|upload [PORT]\n", argv[0]);
    exit(2);
  }
  *handler = ParseHandler(argv[1]);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  signal(SIGPIPE, SIG_IGN);
  return Listen(argc == 3 ? ParsePort(argv[2]) : 0);
}

#endif  // POSIX_ASYNC_BENCH_COMMON_H_

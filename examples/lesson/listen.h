/* What the lesson's servers begin with: a socket that listens on loopback, and its port; and the work. */
#ifndef LESSON_LISTEN_H_
#define LESSON_LISTEN_H_

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int must(int result, const char* what) {
  if (result < 0) {
    perror(what);
    exit(1);
  }
  return result;
}

static int listen_on(int port) {
  int listener = must(socket(AF_INET, SOCK_STREAM, 0), "socket"), on = 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
  must(bind(listener, (struct sockaddr*)&address, sizeof address), "bind");
  must(listen(listener, 511), "listen");
  must(getsockname(listener, (struct sockaddr*)&address, &size), "getsockname");
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

/* fib(0) = fib(1) = 1, as the lesson counts, so fib(10) is 89 and not 55. */
static long fib(int n) { return n < 2 ? 1 : fib(n - 1) + fib(n - 2); }

/* One request, one reply. */
static void answer(int client) {
  char text[256];
  ssize_t count = read(client, text, sizeof text - 1);
  if (count <= 0) return;
  text[count] = '\0';
  int length = snprintf(text, sizeof text, "%ld", fib(atoi(text)));
  if (write(client, text, length) < 0) perror("write");
}

#endif  // LESSON_LISTEN_H_

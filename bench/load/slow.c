// Slow connections beside the clients: each sends one byte now and then, and takes what comes back. They are in turn,
// so that the server has something of them at any time, and are not among the requests that are counted.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"

static const uint64_t kPatience = 3000000000;  // nanoseconds

static int ConnectSlow(const Options* options) {
  const int fd = socket(options->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (const struct sockaddr*)&options->address, options->address_size) == 0) return fd;
  perror("load: a slow connection");
  exit(1);
}

void BeginSlow(Load* load) {
  for (int i = 0; i < load->options.slow; i++) load->slow[i] = ConnectSlow(&load->options);
  load->slow_next = Now();
}

static void Take(Load* load, int fd) {
  char data[64];
  for (ssize_t count; (count = recv(fd, data, sizeof data, MSG_DONTWAIT)) > 0;) load->slow_received += (uint64_t)count;
}

void AdvanceSlow(Load* load) {
  const int count = load->options.slow;
  if (count == 0) return;
  for (const uint64_t now = Now(); load->slow_next <= now;) {
    const int fd = load->slow[load->slow_turn];
    Take(load, fd);
    if (send(fd, "s", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) load->slow_sent++;
    load->slow_turn = (load->slow_turn + 1) % count;
    load->slow_next += (uint64_t)(load->options.pause * 1e9 / count);
  }
}

// Until everything they sent has come back, or they have waited long enough for it.
void AwaitSlow(Load* load) {
  for (const uint64_t end = Now() + kPatience; load->slow_received < load->slow_sent && Now() < end;) {
    for (int i = 0; i < load->options.slow; i++) Take(load, load->slow[i]);
    poll(NULL, 0, 1);
  }
  load->slow_next = Now();
}

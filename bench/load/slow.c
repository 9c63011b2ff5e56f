// Slow connections beside the clients: each sends one byte now and then, and takes what comes back. They are not
// counted.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"

static const uint64_t kPause = 100000000;  // nanoseconds between two bytes

static int ConnectSlow(const Options* options) {
  const int fd = socket(options->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (const struct sockaddr*)&options->address, options->address_size) == 0) return fd;
  perror("load: a slow connection");
  exit(1);
}

void BeginSlow(Load* load) {
  for (int i = 0; i < load->options.slow; i++) load->slow[i] = ConnectSlow(&load->options);
}

void AdvanceSlow(Load* load) {
  char data[64];
  if (load->options.slow == 0 || Now() < load->slow_next) return;
  load->slow_next = Now() + kPause;
  for (int i = 0; i < load->options.slow; i++) {
    while (recv(load->slow[i], data, sizeof data, MSG_DONTWAIT) > 0) continue;
    send(load->slow[i], "s", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

// A load generator for servers on this machine: one thread, epoll, bounded in time and count; prints one JSON object.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

static const uint64_t kSecond = 1000000000;
enum { kMaxEvents = 512, kGraceSeconds = 3, kTickMilliseconds = 50 };

uint64_t Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * kSecond + (uint64_t)now.tv_nsec;
}

static void RaiseDescriptorLimit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void* Allocate(size_t count, size_t size) {
  void* const memory = calloc(count, size);
  if (memory != NULL) return memory;
  perror("load: calloc");
  exit(1);
}

static void SetUp(Load* load) {
  RaiseDescriptorLimit();
  load->epoll = epoll_create1(EPOLL_CLOEXEC);
  load->clients = Allocate((size_t)load->options.clients, sizeof *load->clients);
  for (int i = 0; i < load->options.clients; i++) load->clients[i].fd = -1;
  load->pattern = Allocate(1, kPatternSize + kPatternPeriod);
  for (int i = 0; i < kPatternSize + kPatternPeriod; i++) load->pattern[i] = (char)(i % kPatternPeriod);
}

// Those that failed begin again while there is time, and rest otherwise.
static void RetryFailed(Load* load) {
  if (Now() < load->retry_at) return;
  for (int i = 0; i < load->options.clients && load->failed > 0; i++) {
    if (load->clients[i].state != kFailed) continue;
    load->failed--;
    load->clients[i].state = kParked;
    if (load->options.mode != kIdle && MayBegin(load)) BeginClient(load, &load->clients[i]);
  }
}

static void StopHolding(Load* load) {
  if (load->options.mode != kIdle) return;
  for (int i = 0; i < load->options.clients; i++) {
    if (load->clients[i].state != kHolding) continue;
    load->clients[i].state = kParked;
    load->busy--;
  }
  load->totals.ended = Now();
}

static void GiveUp(Load* load) {
  for (int i = 0; i < load->options.clients; i++) {
    const State state = load->clients[i].state;
    if (state != kConnecting && state != kSending && state != kReceiving) continue;
    FailClient(load, &load->clients[i], kTimeoutError, "no reply in time");
  }
}

static void HandleEvents(Load* load) {
  struct epoll_event events[kMaxEvents];
  const int timeout = load->failed > 0 ? kRetryNanoseconds / 1000000 : kTickMilliseconds;
  const int ready = epoll_wait(load->epoll, events, kMaxEvents, timeout);
  for (int i = 0; i < ready; i++) {
    Client* const client = events[i].data.ptr;
    if (client->fd >= 0) AdvanceClient(load, client, events[i].events);
  }
}

// Connecting comes in bursts that a listen queue can take.
static void BeginMore(Load* load) {
  while (load->next < load->options.clients && load->connecting < kBurst && MayBegin(load)) {
    BeginClient(load, &load->clients[load->next++]);
  }
}

// Runs all clients for so many seconds, and then only until what was begun has ended.
static void RunPhase(Load* load, double seconds) {
  memset(&load->totals, 0, sizeof load->totals);
  for (int i = 0; i < load->options.clients; i++) load->clients[i].state = kOff;
  load->busy = load->connecting = load->failed = load->next = 0;
  load->totals.began = Now();
  load->deadline = load->totals.began + (uint64_t)(seconds * (double)kSecond);
  BeginMore(load);
  while (load->busy > 0 || load->failed > 0) {
    if (Now() >= load->deadline) StopHolding(load);
    if (Now() >= load->deadline + kGraceSeconds * kSecond) break;
    HandleEvents(load);
    RetryFailed(load);
    BeginMore(load);
  }
  GiveUp(load);
}

static bool WaitForLine(void) {
  char line[16];
  return fgets(line, sizeof line, stdin) != NULL;
}

static void WaitAtGate(void) {
  puts("ready");
  fflush(stdout);
  if (!WaitForLine()) exit(1);  // whoever started this is gone
}

int main(int argc, char** argv) {
  static Load load;
  ParseOptions(argc, argv, &load.options);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  SetUp(&load);
  const uint64_t most = load.options.max_requests;
  if (load.options.warm_up > 0) {
    load.options.max_requests = 0;
    RunPhase(&load, load.options.warm_up);
    load.options.max_requests = most;
  }
  if (load.options.gate) WaitAtGate();
  RunPhase(&load, load.options.duration);
  PrintReport(&load);
  if (load.options.gate) WaitForLine();  // the connections stay open while the server's CPU time is read
}

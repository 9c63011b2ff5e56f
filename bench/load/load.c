// A load generator for servers on this machine: one thread, epoll, bounded in time and count; prints one JSON object.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

static const uint64_t kSecond = 1000000000;
enum { kMaxEvents = 512, kGraceSeconds = 3, kTickNanoseconds = 50000000 };

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
  load->idle = Allocate((size_t)load->options.clients, sizeof *load->idle);
  load->slow = Allocate((size_t)load->options.slow + 1, sizeof *load->slow);
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
    if (load->options.rate > 0) {
      load->idle[load->idle_count++] = &load->clients[i];
    } else if (load->options.mode != kIdle && MayBegin(load)) {
      BeginClient(load, &load->clients[i], Now());
    }
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

// With a rate: when the next request is to be begun.
static uint64_t NextDue(const Load* load) {
  return load->totals.began + (uint64_t)((double)load->totals.started * (double)kSecond / load->options.rate);
}

static bool IsBehind(const Load* load) { return load->options.rate > 0 && NextDue(load) < load->deadline; }

static uint64_t PatienceOf(const Load* load) {
  const uint64_t patience = load->failed > 0 ? kRetryNanoseconds : kTickNanoseconds;
  if (load->idle_count == 0 || !IsBehind(load)) return patience;
  const uint64_t due = NextDue(load), now = Now();
  return due <= now ? 0 : due - now < patience ? due - now : patience;
}

static void HandleEvents(Load* load) {
  struct epoll_event events[kMaxEvents];
  const struct timespec time = {.tv_nsec = (long)PatienceOf(load)};
  const int ready = (int)syscall(SYS_epoll_pwait2, load->epoll, events, kMaxEvents, &time, NULL, 0);
  for (int i = 0; i < ready; i++) {
    Client* const client = events[i].data.ptr;
    if (client->fd >= 0) AdvanceClient(load, client, events[i].events);
  }
}

// A request that found no client free is begun late, and its latency counts from when it should have been begun: what a
// server makes others wait is not left out (coordinated omission).
static void BeginDue(Load* load) {
  const uint64_t now = Now();
  while (load->idle_count > 0 && IsBehind(load) && NextDue(load) <= now) {
    BeginClient(load, load->idle[--load->idle_count], NextDue(load));
  }
}

// Connecting comes in bursts that a listen queue can take.
static void BeginMore(Load* load) {
  if (load->options.rate > 0) return BeginDue(load);
  while (load->next < load->options.clients && load->connecting < kBurst && MayBegin(load)) {
    BeginClient(load, &load->clients[load->next++], Now());
  }
}

// Those that never found a client free.
static void CountMissed(Load* load) {
  if (!IsBehind(load)) return;
  const double due = (double)(load->deadline - load->totals.began) / (double)kSecond * load->options.rate;
  load->totals.errors[kTimeoutError] += (uint64_t)due - load->totals.started;
}

static void ReadUsage(uint64_t* cpu, uint64_t* switches) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const uint64_t seconds = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
  *cpu = seconds * kSecond + (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
  *switches = (uint64_t)(usage.ru_nvcsw + usage.ru_nivcsw);
}

static void SetOff(Load* load) {
  load->idle_count = 0;
  for (int i = load->options.clients - 1; i >= 0; i--) {
    load->clients[i].state = kOff;
    if (load->options.rate > 0) load->idle[load->idle_count++] = &load->clients[i];
  }
}

// Runs all clients for so many seconds, and then only until what was begun has ended.
static void RunPhase(Load* load, double seconds) {
  memset(&load->totals, 0, sizeof load->totals);
  SetOff(load);
  load->busy = load->connecting = load->failed = load->next = 0;
  uint64_t cpu, switches;
  ReadUsage(&cpu, &switches);
  load->totals.began = Now();
  load->deadline = load->totals.began + (uint64_t)(seconds * (double)kSecond);
  BeginMore(load);
  while (load->busy > 0 || load->failed > 0 || IsBehind(load)) {
    if (Now() >= load->deadline) StopHolding(load);
    if (Now() >= load->deadline + kGraceSeconds * kSecond) break;
    HandleEvents(load);
    RetryFailed(load);
    BeginMore(load);
    AdvanceSlow(load);
  }
  GiveUp(load);
  CountMissed(load);
  ReadUsage(&load->totals.cpu, &load->totals.switches);
  load->totals.cpu -= cpu;
  load->totals.switches -= switches;
  AwaitSlow(load);
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
  BeginSlow(&load);
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

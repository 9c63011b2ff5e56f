// Cases for native/core/pthread, one a run, named by the first argument: prints what came out. See pthread.test.ts.
#include "core/pthread.h"

#include <dirent.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

using namespace posix_async;  // a test program

namespace {

void* Pointer(intptr_t number) { return reinterpret_cast<void*>(number); }
intptr_t Number(void* pointer) { return reinterpret_cast<intptr_t>(pointer); }

void* Same(void* argument) { return argument; }

int CountThreads() {
  DIR* folder = opendir("/proc/self/task");
  int count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// Until there are no more threads than `before`: one is gone a moment after it has told its end.
void AwaitThreads(int before) {
  while (CountThreads() > before) std::this_thread::yield();
}

int Join(int thread, intptr_t* result) {
  void* pointer = nullptr;
  if (const int error = ClaimThread(thread, nullptr); error < 0) return error;
  const int error = JoinThread(thread, &pointer);
  *result = Number(pointer);
  return error;
}

// Several threads make, join, detach, signal and name threads that end meanwhile, each others' too.
void Storm(int times) {
  constexpr int kThreads = 4;
  std::atomic<int> latest{0}, joined{0}, unknown{0};
  const auto note = [&](int error) {
    const bool known = error >= 0 || error == -ESRCH || error == -EINVAL || error == -EBUSY;
    if (!known) ++unknown;
  };
  const auto work = [&](int seed) {
    for (int i = 0; i < times; ++i) {
      ThreadAttributes attributes;
      attributes.detached = (i + seed) % 5 == 0;
      const int thread = CreateThread(attributes, Same, Pointer(i));
      const int other = latest.exchange(thread);
      note(KillThread(other, 0));
      note(NameThread(other, "another"));
      note(i % 3 == 0 ? DetachThread(other) : 0);
      void* result = nullptr;
      note(i % 7 == 0 ? TryJoinThread(other, &result) : 0);
      intptr_t number = -1;
      const int error = Join(thread, &number);
      note(error);
      if (error == 0 && number == i) ++joined;
    }
  };
  const int before = CountThreads();
  std::vector<std::thread> workers;
  for (int i = 0; i < kThreads; ++i) workers.emplace_back(work, i);
  for (std::thread& worker : workers) worker.join();
  AwaitThreads(before);
  printf("some joined %s unknown errors %d\n", joined > 0 ? "yes" : "no", unknown.load());
}

// The promise's way: the end is told through a descriptor, and only then joined.
void Watch() {
  int told = 0;
  for (int i = 0; i < 300; ++i) {
    const int thread = CreateThread({}, Same, Pointer(i));
    int end = -1;
    const int error = ClaimThread(thread, &end);
    pollfd fd{end, POLLIN, 0};
    void* result = nullptr;
    if (error == 0 && poll(&fd, 1, 20'000) == 1 && JoinThread(thread, &result) == 0 && Number(result) == i) ++told;
  }
  printf("told %d\n", told);
}

// A ring of threads, each to join the next: one of them finds the circle, and with it all come to an end.
constexpr int kRing = 5;
std::atomic<int> ring[kRing];

void* JoinNext(void* argument) {
  const intptr_t self = Number(argument);
  while (ring[(self + 1) % kRing] == 0) std::this_thread::yield();
  intptr_t result = 0;
  const int error = Join(ring[(self + 1) % kRing], &result);
  return Pointer(error == 0 ? result : error);
}

void Ring() {
  const int before = CountThreads();
  for (int i = 0; i < kRing; ++i) ring[i] = CreateThread({}, JoinNext, Pointer(i));
  AwaitThreads(before);
  // Who found the circle joined nobody: that one is left, and has the result that went round.
  intptr_t result = 0;
  int left = 0;
  for (int i = 0; i < kRing; ++i) {
    if (Join(ring[i], &result) == 0) ++left;
  }
  printf("left to join %d with %s\n", left, strerror(static_cast<int>(-result)));
}

void Itself() { printf("%s\n", strerror(-ClaimThread(SelfThread(), nullptr))); }

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argv[1];
  std::thread([] {}).join();  // with the first one a sanitizer starts a thread of its own
  if (name == "storm") Storm(argc > 2 ? atoi(argv[2]) : 300);
  if (name == "watch") Watch();
  if (name == "ring") Ring();
  if (name == "itself") Itself();
  fflush(stdout);
}

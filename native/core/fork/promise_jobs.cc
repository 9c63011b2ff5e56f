// Promise jobs, dropped by setting V8's count of them to zero.
//
// The facts it rests on: a v8::MicrotaskQueue is a ring buffer with a count; the loop that runs it reads the count anew
// for each job, so with a count of zero it ends after the job it is in, and what is queued later goes to the next place
// of the ring. The queue is reached through functions that every Node exports; where in it the count stands differs by
// version, so it is looked for: the one word that grows by one with each job queued.
#include "promise_jobs.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "isolate.h"

namespace posix_async::fork {
namespace {

intptr_t* job_count = nullptr;

// The current context's queue, by the v8.h functions of these names; null where one is missing.
intptr_t* CurrentQueue() {
  void* const isolate = CurrentIsolate();
  const auto context_of =
      reinterpret_cast<void* (*)(void*)>(dlsym(RTLD_DEFAULT, "_ZN2v87Isolate17GetCurrentContextEv"));
  const auto queue_of =
      reinterpret_cast<intptr_t* (*)(void*)>(dlsym(RTLD_DEFAULT, "_ZN2v87Context17GetMicrotaskQueueEv"));
  if (isolate == nullptr || context_of == nullptr || queue_of == nullptr) return nullptr;
  return queue_of(context_of(isolate));
}

constexpr size_t kWords = 12;  // the object has 13 in Node 20, and no fewer in later ones
constexpr int kProbes = 3;

}  // namespace

bool FindPromiseJobs(const std::function<void()>& queue_one) {
  intptr_t* const queue = CurrentQueue();
  if (queue == nullptr) return false;
  intptr_t before[kWords];
  memcpy(before, queue, sizeof before);
  bool grows[kWords];
  memset(grows, true, sizeof grows);
  for (int i = 1; i <= kProbes; i++) {
    queue_one();
    for (size_t at = 0; at < kWords; at++) grows[at] &= queue[at] == before[at] + i;
  }
  size_t found = kWords, count = 0;
  for (size_t at = 0; at < kWords; at++) {
    if (!grows[at]) continue;
    found = at;
    count++;
  }
  if (count != 1) return false;
  job_count = queue + found;
  *job_count = before[found];
  return true;
}

void DropPromiseJobs() {
  if (job_count != nullptr) *job_count = 0;
}

}  // namespace posix_async::fork

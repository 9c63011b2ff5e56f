// Wake-ups, redirected.
//
// The fact it rests on: threads of V8's, of libuv's and of addons wait on condition variables and semaphores of the C
// library, and are woken by the three functions below and by nothing else. See: man 3 pthread_cond_signal, sem_post.
#include "wake_hooks.h"

#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <iterator>

#include "redirect.h"

namespace posix_async::fork {
namespace {

std::atomic<void (*)()> before_next{nullptr};

}  // namespace

void WakeUpIsNear() {
  if (before_next.load(std::memory_order_relaxed) == nullptr) return;
  void (*before)() = before_next.exchange(nullptr);
  if (before != nullptr) before();
}

namespace {

int (*real_cond_signal)(pthread_cond_t*) = nullptr;
int (*real_cond_broadcast)(pthread_cond_t*) = nullptr;
int (*real_sem_post)(sem_t*) = nullptr;

int CondSignal(pthread_cond_t* condition) {
  WakeUpIsNear();
  return real_cond_signal(condition);
}

int CondBroadcast(pthread_cond_t* condition) {
  WakeUpIsNear();
  return real_cond_broadcast(condition);
}

int SemPost(sem_t* semaphore) {
  WakeUpIsNear();
  return real_sem_post(semaphore);
}

const Redirection kHooks[] = {
    {"pthread_cond_signal", reinterpret_cast<void*>(CondSignal)},
    {"pthread_cond_broadcast", reinterpret_cast<void*>(CondBroadcast)},
    {"sem_post", reinterpret_cast<void*>(SemPost)},
};

bool FindRealOnes() {
  return Find("pthread_cond_signal", &real_cond_signal) && Find("pthread_cond_broadcast", &real_cond_broadcast) &&
         Find("sem_post", &real_sem_post);
}

}  // namespace

bool HookWakeUps() {
  static const bool found = FindRealOnes();
  static Redirected redirected;
  constexpr int kAll = std::size(kHooks);
  return found && KeepRedirected(kHooks, kAll, &redirected) >= kAll;
}

void BeforeNextWakeUp(void (*before)()) { before_next = before; }

}  // namespace posix_async::fork

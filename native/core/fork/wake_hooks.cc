// Wake-ups and waits, redirected.
//
// The fact it rests on: threads of V8's, of libuv's and of addons wait on condition variables and semaphores of the C
// library, and are woken by three functions and by nothing else. (V8 of Node.js 24 has others for what it waits for
// within its work: a thread that waits so counts as one at work.) A thread that begins to wait itself may wait for what
// one of them has under way and needs no wake-up for: the end of a process waits for the tasks of the platform. See:
// man 3 pthread_cond_signal, pthread_cond_wait, sem_post, sem_wait.
#include "wake_hooks.h"

#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <iterator>

#include "redirect.h"

namespace posix_async::fork {
namespace {

std::atomic<void (*)()> before_next{nullptr};
std::atomic<void (*)(pthread_mutex_t*)> before_each_wait{nullptr};

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
int (*real_cond_wait)(pthread_cond_t*, pthread_mutex_t*) = nullptr;
int (*real_cond_timedwait)(pthread_cond_t*, pthread_mutex_t*, const timespec*) = nullptr;
int (*real_sem_wait)(sem_t*) = nullptr;
int (*real_sem_timedwait)(sem_t*, const timespec*) = nullptr;

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

void WaitIsNear(pthread_mutex_t* mutex) {
  WakeUpIsNear();
  void (*before)(pthread_mutex_t*) = before_each_wait.load(std::memory_order_relaxed);
  if (before != nullptr) before(mutex);
}

int CondWait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  WaitIsNear(mutex);
  return real_cond_wait(condition, mutex);
}

int CondTimedWait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  WaitIsNear(mutex);
  return real_cond_timedwait(condition, mutex, until);
}

int SemWait(sem_t* semaphore) {
  WakeUpIsNear();
  return real_sem_wait(semaphore);
}

int SemTimedWait(sem_t* semaphore, const timespec* until) {
  WakeUpIsNear();
  return real_sem_timedwait(semaphore, until);
}

const Redirection kHooks[] = {
    {"pthread_cond_signal", reinterpret_cast<void*>(CondSignal)},
    {"pthread_cond_broadcast", reinterpret_cast<void*>(CondBroadcast)},
    {"sem_post", reinterpret_cast<void*>(SemPost)},
    {"pthread_cond_wait", reinterpret_cast<void*>(CondWait)},
    {"pthread_cond_timedwait", reinterpret_cast<void*>(CondTimedWait)},
    {"sem_wait", reinterpret_cast<void*>(SemWait)},
    {"sem_timedwait", reinterpret_cast<void*>(SemTimedWait)},
};

bool FindRealOnes() {
  return Find("pthread_cond_signal", &real_cond_signal) && Find("pthread_cond_broadcast", &real_cond_broadcast) &&
         Find("sem_post", &real_sem_post) && Find("pthread_cond_wait", &real_cond_wait) &&
         Find("pthread_cond_timedwait", &real_cond_timedwait) && Find("sem_wait", &real_sem_wait) &&
         Find("sem_timedwait", &real_sem_timedwait);
}

}  // namespace

bool HookWakeUps() {
  static const bool found = FindRealOnes();
  static Redirected redirected;
  constexpr int kAll = std::size(kHooks);
  return found && KeepRedirected(kHooks, kAll, &redirected) >= kAll;
}

void BeforeNextWakeUp(void (*before)()) { before_next = before; }

void BeforeEachWait(void (*before)(pthread_mutex_t* mutex)) { before_each_wait = before; }

}  // namespace posix_async::fork

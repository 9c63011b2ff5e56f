// Numbers of threads across a fork.
//
// The facts it rests on: struct pthread holds the thread's number, which the C library writes into each recursive,
// error-checking, robust or priority-inheriting mutex and each rwlock that the thread takes, and compares when the
// thread gives it back. So a thread that was revived in the middle of its work keeps the number of the parent's thread,
// for the lock that it may hold, until it next waits on a condition variable: then it holds nothing but the mutex of
// that wait, and is given its own. Up to then whatever the C library sends to that number does not arrive
// (pthread_kill, pthread_cancel, affinity, scheduling), and setuid and its like, which the C library has every thread
// make by sending it a signal, would leave the thread with the rights of the parent: here such threads are asked by
// their true number as well. See: man 7 nptl, man 3 pthread_mutex_lock, man 2 setresuid.
#include "old_number.h"

#include <grp.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <new>
#include <vector>

#include "redirect.h"
#include "thread_calls.h"
#include "wake_hooks.h"

namespace posix_async::fork {
namespace {

bool is_hooked = false;

// Those that began by their old number. Written before they run, and read by them. Never destroyed, and made without
// malloc: the first use is in a child, where a thread that does not live yet may hold its lock.
ThreadList& Those() {
  alignas(ThreadList) static char memory[sizeof(ThreadList)];
  static auto* threads = new (memory) ThreadList();
  return *threads;
}
std::atomic<int> by_old_number{0};  // how many have not been given their own yet

// The calling thread, where it goes by its old number.
Thread* Self() {
  const auto tid = static_cast<pid_t>(syscall(SYS_gettid));
  for (Thread* thread : Those())
    if (thread->thread_pointer == __builtin_thread_pointer() && *thread->tid_address != tid) return thread;
  return nullptr;
}

// Of a robust mutex, or one with inheritance of priorities, the kernel knows the owner too: then the next wait will do.
bool KernelKnowsOwner(const pthread_mutex_t& mutex) {
  constexpr int kRobust = 16, kInherits = 32;
  return (mutex.__data.__kind & (kRobust | kInherits)) != 0;
}

void TakeOwnNumber(pthread_mutex_t* held) {
  Thread* self = Self();
  if (self == nullptr || KernelKnowsOwner(*held)) return;
  if (held->__data.__owner == *self->tid_address) held->__data.__owner = self->tid;
  *self->tid_address = self->tid;
  by_old_number.fetch_sub(1);
}

void AboutToWait(pthread_mutex_t* mutex) {
  if (by_old_number.load(std::memory_order_relaxed) > 0) TakeOwnNumber(mutex);
}

// A thread that keeps what the others have given up: as the C library, which calls abort(3), nothing goes on then.
[[noreturn]] void EndForRights(int error) {
  dprintf(STDERR_FILENO, "posix-async: a thread of process %d did not take on its user or groups: %s\n", getpid(),
          strerror(-error));
  _exit(1);
}

// The C library's call has given `result`; those that began by their old number make it too. Made twice it changes
// nothing, so it does not matter whether it reached one of them.
int AndThose(int result, const ThreadCall& call) {
  if (result != 0 || Those().empty()) return result;
  const int saved_errno = errno;
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  std::vector<pid_t> tids;
  for (const Thread* thread : Those())
    if (thread->tid != self) tids.push_back(thread->tid);
  const int error = HaveThreadsCall(tids.data(), tids.size(), call);
  if (error != 0) EndForRights(error);
  errno = saved_errno;
  return result;
}

constexpr long kKeep = -1;

int (*real_setuid)(uid_t) = nullptr;
int (*real_setgid)(gid_t) = nullptr;
int (*real_seteuid)(uid_t) = nullptr;
int (*real_setegid)(gid_t) = nullptr;
int (*real_setreuid)(uid_t, uid_t) = nullptr;
int (*real_setregid)(gid_t, gid_t) = nullptr;
int (*real_setresuid)(uid_t, uid_t, uid_t) = nullptr;
int (*real_setresgid)(gid_t, gid_t, gid_t) = nullptr;
int (*real_setgroups)(size_t, const gid_t*) = nullptr;
int (*real_initgroups)(const char*, gid_t) = nullptr;

int Setuid(uid_t id) { return AndThose(real_setuid(id), {SYS_setuid, {id}}); }
int Setgid(gid_t id) { return AndThose(real_setgid(id), {SYS_setgid, {id}}); }
int Seteuid(uid_t id) { return AndThose(real_seteuid(id), {SYS_setresuid, {kKeep, id, kKeep}}); }
int Setegid(gid_t id) { return AndThose(real_setegid(id), {SYS_setresgid, {kKeep, id, kKeep}}); }

int Setreuid(uid_t real, uid_t effective) {
  return AndThose(real_setreuid(real, effective), {SYS_setreuid, {real, effective}});
}

int Setregid(gid_t real, gid_t effective) {
  return AndThose(real_setregid(real, effective), {SYS_setregid, {real, effective}});
}

int Setresuid(uid_t real, uid_t effective, uid_t saved) {
  return AndThose(real_setresuid(real, effective, saved), {SYS_setresuid, {real, effective, saved}});
}

int Setresgid(gid_t real, gid_t effective, gid_t saved) {
  return AndThose(real_setresgid(real, effective, saved), {SYS_setresgid, {real, effective, saved}});
}

int Setgroups(size_t count, const gid_t* groups) {
  const long list = reinterpret_cast<intptr_t>(groups);
  return AndThose(real_setgroups(count, groups), {SYS_setgroups, {static_cast<long>(count), list}});
}

// Which groups these are only the C library knows; then the calling thread has them.
int Initgroups(const char* user, gid_t group) {
  const int result = real_initgroups(user, group);
  if (result != 0 || Those().empty()) return result;
  std::vector<gid_t> groups(65536);
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  if (count < 0) EndForRights(-errno);
  return AndThose(result, {SYS_setgroups, {count, reinterpret_cast<intptr_t>(groups.data())}});
}

const Redirection kHooks[] = {
    {"setuid", reinterpret_cast<void*>(Setuid)},       {"setgid", reinterpret_cast<void*>(Setgid)},
    {"seteuid", reinterpret_cast<void*>(Seteuid)},     {"setegid", reinterpret_cast<void*>(Setegid)},
    {"setreuid", reinterpret_cast<void*>(Setreuid)},   {"setregid", reinterpret_cast<void*>(Setregid)},
    {"setresuid", reinterpret_cast<void*>(Setresuid)}, {"setresgid", reinterpret_cast<void*>(Setresgid)},
    {"setgroups", reinterpret_cast<void*>(Setgroups)}, {"initgroups", reinterpret_cast<void*>(Initgroups)},
};

bool FindRealOnes() {
  return Find("setuid", &real_setuid) && Find("setgid", &real_setgid) && Find("seteuid", &real_seteuid) &&
         Find("setegid", &real_setegid) && Find("setreuid", &real_setreuid) && Find("setregid", &real_setregid) &&
         Find("setresuid", &real_setresuid) && Find("setresgid", &real_setresgid) &&
         Find("setgroups", &real_setgroups) && Find("initgroups", &real_initgroups);
}

}  // namespace

void HookNumbers() {
  static const bool found = FindRealOnes();
  static Redirected redirected;
  is_hooked = found && HookWakeUps() && KeepRedirected(kHooks, std::size(kHooks), &redirected) >= 0;
  if (is_hooked) BeforeEachWait(AboutToWait);
}

void BeginByOldNumber(const ThreadList& threads) {
  Those().clear();
  if (is_hooked) Those().assign(threads.begin(), threads.end());
  by_old_number = static_cast<int>(Those().size());
}

bool BeginsByOldNumber(const Thread* thread) {
  return std::find(Those().begin(), Those().end(), thread) != Those().end();
}

}  // namespace posix_async::fork

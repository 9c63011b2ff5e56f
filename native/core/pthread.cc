// See pthread.h and man 3 pthread_create, pthread_join, pthread_detach, pthread_kill.
#include "pthread.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>

#include "core/base/handle_table.h"
#include "core/base/unique_fd.h"
#include "core/thread_server/thread_start.h"

namespace posix_async {
namespace {

using Lock = std::unique_lock<std::mutex>;

enum class Claim { kNobody, kJoiner, kDetached, kForeign };

// What is known of one thread. `ended` is set by the thread itself, on its last steps: until then its pthread_t is
// good.
struct Known {
  std::mutex mutex;
  int number = 0;
  pthread_t handle{};
  Claim claim = Claim::kNobody;
  bool ended = false;
  UniqueFd end;                   // eventfd, made when it is first waited for
  std::atomic<int> waits_for{0};  // the thread that this one is blocked in joining
};
using KnownPtr = std::shared_ptr<Known>;

struct Table : HandleTable<Known> {
  using HandleTable::HandleTable;
  std::mutex joining;  // from looking for a circle of waiting threads to being one who waits
};

// Never destroyed: threads may outlive main's static objects.
std::atomic<Table*> the_table{new Table};
Table& Threads() { return *the_table.load(); }

int Register(const KnownPtr& thread) { return thread->number = Threads().Add(thread); }

// The calling thread's own record, whose destruction is what tells of its end: however it ends, by its return, by
// pthread_exit or by being cancelled.
struct Own {
  KnownPtr thread;
  ~Own() {
    if (!thread) return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    const Lock lock(thread->mutex);
    thread->ended = true;
    if (thread->end.valid()) eventfd_write(thread->end.get(), 1);
    const bool is_joined = thread->claim == Claim::kNobody || thread->claim == Claim::kJoiner;
    if (!is_joined) Threads().Remove(thread->number);
  }
};
thread_local Own own;

struct Birth {
  pid_t process;
  KnownPtr thread;
  StartRoutine routine;
  void* argument;
};

void* Live(void* argument) {
  StayBehind();
  auto* birth = static_cast<Birth*>(argument);
  if (birth->process != getpid()) return nullptr;
  own.thread = std::move(birth->thread);
  const StartRoutine routine = birth->routine;
  void* const given = birth->argument;
  delete birth;
  return routine(given);
}

class Attributes {
 public:
  Attributes() { pthread_attr_init(&attributes_); }
  ~Attributes() { pthread_attr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  int Set(const ThreadAttributes& wanted) {
    int error =
        pthread_attr_setdetachstate(&attributes_, wanted.detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    if (error == 0 && wanted.stack_size != kByDefault) {
      error = pthread_attr_setstacksize(&attributes_, wanted.stack_size);
    }
    if (error == 0 && wanted.guard_size != kByDefault) {
      error = pthread_attr_setguardsize(&attributes_, wanted.guard_size);
    }
    if (error == 0 && wanted.cpus != nullptr) {
      error = pthread_attr_setaffinity_np(&attributes_, sizeof *wanted.cpus, wanted.cpus);
    }
    return error;
  }
  const pthread_attr_t* get() const { return &attributes_; }

 private:
  pthread_attr_t attributes_;
};

// Calls with a thread that has not ended; its lock keeps it from ending meanwhile.
template <typename Call>
int WithRunning(int number, Call call) {
  const KnownPtr thread = Threads().Get(number);
  if (!thread) return -ESRCH;
  const Lock lock(thread->mutex);
  return thread->ended ? -ESRCH : -call(*thread);
}

// Why the calling thread cannot join or detach it now, or 0.
int Refusal(const Known& thread, const Lock&) { return thread.claim == Claim::kNobody ? 0 : -EINVAL; }

// Whether the calling thread would wait for itself, through whatever chain of threads that wait for each other.
bool ClosesCircle(const KnownPtr& thread) {
  if (!own.thread) return false;
  KnownPtr at = thread;
  while (at && at != own.thread) at = Threads().Get(at->waits_for);
  return at != nullptr;
}

int MakeEnd(Known* thread, const Lock&) {
  if (!thread->end.valid()) thread->end.Reset(eventfd(thread->ended ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK));
  return thread->end.valid() ? thread->end.get() : -errno;
}

}  // namespace

int CreateThread(const ThreadAttributes& attributes, StartRoutine routine, void* argument) {
  Attributes wanted;
  if (const int error = wanted.Set(attributes); error != 0) return -error;
  const auto thread = std::make_shared<Known>();
  auto* birth = new Birth{getpid(), thread, routine, argument};
  const Lock lock(thread->mutex);  // the thread does not end before its pthread_t is recorded
  thread->claim = attributes.detached ? Claim::kDetached : Claim::kNobody;
  const int number = Register(thread);
  const int error = pthread_create(&thread->handle, wanted.get(), Live, birth);
  if (error == 0) return number;
  delete birth;
  Threads().Remove(number);
  return -error;
}

int SelfThread() {
  if (!own.thread) {
    own.thread = std::make_shared<Known>();
    own.thread->handle = pthread_self();
    own.thread->claim = Claim::kForeign;
    Register(own.thread);
  }
  return own.thread->number;
}

int ClaimThread(int number, int* end) {
  const KnownPtr thread = Threads().Get(number);
  if (!thread) return -ESRCH;
  const Lock joining(Threads().joining);
  if (ClosesCircle(thread)) return -EDEADLK;
  const Lock lock(thread->mutex);
  if (const int refusal = Refusal(*thread, lock); refusal < 0) return refusal;
  if (end != nullptr && (*end = MakeEnd(thread.get(), lock)) < 0) return *end;
  if (end == nullptr && own.thread) own.thread->waits_for = number;
  thread->claim = Claim::kJoiner;
  return 0;
}

int JoinThread(int number, void** result) {
  const KnownPtr thread = Threads().Get(number);
  if (!thread) return -ESRCH;
  const int error = pthread_join(thread->handle, result);
  if (own.thread) own.thread->waits_for = 0;
  Threads().Remove(number);
  return -error;
}

void GiveThreadUp(int number) {
  const KnownPtr thread = Threads().Get(number);
  if (!thread) return;
  const Lock lock(thread->mutex);
  if (thread->claim == Claim::kJoiner) thread->claim = Claim::kNobody;
}

int TryJoinThread(int number, void** result) {
  const KnownPtr thread = Threads().Get(number);
  if (!thread) return -ESRCH;
  if (thread == own.thread) return -EDEADLK;
  const Lock lock(thread->mutex);
  if (const int refusal = Refusal(*thread, lock); refusal < 0) return refusal;
  const int error = pthread_tryjoin_np(thread->handle, result);
  if (error != 0) return -error;
  thread->claim = Claim::kDetached;  // gone: a thread that still holds the record finds that it cannot be joined
  Threads().Remove(number);
  return 0;
}

int DetachThread(int number) {
  const KnownPtr thread = Threads().Get(number);
  if (!thread) return -ESRCH;
  const Lock lock(thread->mutex);
  if (const int refusal = Refusal(*thread, lock); refusal < 0) return refusal;
  const int error = pthread_detach(thread->handle);
  if (error != 0) return -error;
  thread->claim = Claim::kDetached;
  if (thread->ended) Threads().Remove(number);
  return 0;
}

int KillThread(int number, int signal) {
  return WithRunning(number, [&](const Known& thread) { return pthread_kill(thread.handle, signal); });
}

// Only of threads made here: the runtime's own would unwind through code that does not expect it.
int CancelThread(int number) {
  return WithRunning(number, [](const Known& thread) {
    return thread.claim == Claim::kForeign ? EPERM : pthread_cancel(thread.handle);
  });
}

int NameThread(int number, const char* name) {
  return WithRunning(number, [&](const Known& thread) { return pthread_setname_np(thread.handle, name); });
}

int ThreadNameOf(int number, char name[16]) {
  return WithRunning(number, [&](const Known& thread) { return pthread_getname_np(thread.handle, name, 16); });
}

int SetThreadCpus(int number, const cpu_set_t& cpus) {
  return WithRunning(number,
                     [&](const Known& thread) { return pthread_setaffinity_np(thread.handle, sizeof cpus, &cpus); });
}

int ThreadCpus(int number, cpu_set_t* cpus) {
  return WithRunning(number,
                     [&](const Known& thread) { return pthread_getaffinity_np(thread.handle, sizeof *cpus, cpus); });
}

int AttributesOf(int number, ThreadAttributes* attributes) {
  return WithRunning(number, [&](const Known& thread) {
    pthread_attr_t found;
    if (const int error = pthread_getattr_np(thread.handle, &found); error != 0) return error;
    int state = 0;
    pthread_attr_getdetachstate(&found, &state);
    attributes->detached = state == PTHREAD_CREATE_DETACHED;
    pthread_attr_getstacksize(&found, &attributes->stack_size);
    pthread_attr_getguardsize(&found, &attributes->guard_size);
    return pthread_attr_destroy(&found);
  });
}

// The old table may have been locked by a thread that does not live here: it is left alone. Numbers go on from it, so
// that one of the parent's never means a thread of the child's.
void ForgetThreadsAfterFork() {
  if (Threads().last() == 0) return;  // nobody was ever known, nor is this one: most children make no thread
  auto* table = new Table(Threads().last());
  the_table = table;
  if (!own.thread) return;
  const auto self = std::make_shared<Known>();
  self->number = own.thread->number;
  self->handle = pthread_self();
  self->claim = own.thread->claim;
  table->Put(self->number, self);
  own.thread = self;
}

}  // namespace posix_async

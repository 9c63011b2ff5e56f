// Patience: what is counted of the time that passes.
//
// The facts it rests on: on a machine with too much to do a thread that is asked may not get a processor for seconds,
// and so may the thread that asks. A thread that wants a processor (state R) is charged what it used of one, which its
// own clock tells; another one what passed, but of each look no more than a look takes where there is nothing else to
// do. See: man 2 clock_gettime, man 5 proc (task/TID/stat).
#include "patience.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "park_signal.h"
#include "tasks.h"
#include "thread_table.h"

namespace posix_async::fork {
namespace {

constexpr int64_t kMillisecond = 1'000'000, kSecond = 1000 * kMillisecond;
constexpr int64_t kLimit = kSecond;
constexpr int64_t kFresh = 200 * kMillisecond;
constexpr int64_t kByTheClock = 60 * kSecond;
constexpr int64_t kLongestLook = 10 * kMillisecond;

int64_t TimeOf(clockid_t clock) {
  timespec time;
  if (clock_gettime(clock, &time) != 0) return -1;
  return time.tv_sec * kSecond + time.tv_nsec;
}

// R: it runs or would; S, D: it sleeps; T, t: it is stopped. 0: it is gone, or not known.
char StateOf(pid_t tid) {
  char text[512];
  if (ReadTaskFile(tid, "stat", text, sizeof text) <= 0) return 0;
  const char* const name_ends = strrchr(text, ')');
  return name_ends != nullptr && name_ends[1] == ' ' ? name_ends[2] : 0;
}

}  // namespace

// The clock of one thread of this process, as pthread_getcpuclockid makes it of a pthread_t; -1: it has none.
int64_t ProcessorTime(pid_t tid) {
  constexpr unsigned kOfThread = 4, kScheduler = 2;
  return TimeOf(static_cast<clockid_t>((~static_cast<unsigned>(tid) << 3) | kOfThread | kScheduler));
}

void Rest() {
  const timespec moment = {0, 100'000};
  nanosleep(&moment, nullptr);
}

Patience::Patience() : began_(TimeOf(CLOCK_MONOTONIC)), last_(began_) {}

int64_t Patience::Passed() const { return TimeOf(CLOCK_MONOTONIC) - began_; }

bool Patience::IsOver() const { return counted_ > kLimit || Passed() > kByTheClock; }

bool Patience::IsFresh() const { return counted_ < kFresh; }

void Patience::Look(pid_t tid) {
  const int64_t now = TimeOf(CLOCK_MONOTONIC);
  const int64_t passed = now - last_;
  last_ = now;
  const int64_t before = used_;
  const bool is_same = tid == tid_ && before >= 0;
  tid_ = tid;
  used_ = tid == 0 ? -1 : ProcessorTime(tid);
  const bool is_known = is_same && used_ >= 0 && StateOf(tid) == 'R';
  counted_ += is_known ? std::min(passed, used_ - before) : std::min(passed, kLongestLook);
}

void Patience::LetRun(pid_t tid) {
  constexpr int64_t kMoment = 30'000;
  const int64_t before = tid == 0 ? -1 : ProcessorTime(tid);
  do {
    Rest();
    Look(tid);
  } while (before >= 0 && !IsOver() && ProcessorTime(tid) - before < kMoment && StateOf(tid) == 'R');
}

void Patience::Explain(pid_t tid, const char* otherwise, char* text, size_t size) const {
  char name[16];
  ThreadName(tid, name);
  Blocking how = Blocking::kNot;
  const char state = StateOf(tid);
  const char* why = otherwise;
  if (counted_ <= kLimit) {
    why = "it was not given a processor for a minute";
  } else if (state == 'T' || state == 't') {
    why = "it is stopped";
  } else if (state == 'D') {
    why = "it waits in the kernel, where no signal reaches it";
  } else if (HowItBlocksPark(tid, &how) == 0 && how != Blocking::kNot) {
    why = "it blocks all signals";
  }
  snprintf(text, size, "thread %s (%d) could not be stopped within a second of its time: %s", name, tid, why);
}

}  // namespace posix_async::fork

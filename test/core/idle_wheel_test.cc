// The wheel against a plain list of times: random activity, comings and goings, a clock that also jumps. Nobody is cut
// off early, or later than a thirty-second part of the time after it. Judged by test/core/reactor.test.ts.
#include "core/reactor/idle_wheel.h"

#include <cstdio>
#include <random>
#include <vector>

using namespace posix_async;

namespace {

constexpr int32_t kSlots = 1000;

struct Simulation {
  explicit Simulation(uint32_t timeout)
      : timeout(timeout), tick(timeout / 32 + 1), wheel(timeout), active(kSlots), there(kSlots) {}

  void Come(int32_t slot) {
    there[static_cast<size_t>(slot)] = true;
    active[static_cast<size_t>(slot)] = now;
    wheel.Put(slot, now, timeout);
  }

  void Go(int32_t slot) {
    there[static_cast<size_t>(slot)] = false;
    wheel.Remove(slot);
  }

  uint32_t Left(int32_t slot) {
    const uint64_t silent = now - active[static_cast<size_t>(slot)];
    if (silent < timeout) return static_cast<uint32_t>(timeout - silent);
    if (!there[static_cast<size_t>(slot)]) wrong++;
    there[static_cast<size_t>(slot)] = false;
    expired++;
    return 0;
  }

  void TurnWhenDue() {
    const uint64_t due = wheel.deadline();
    if (due && due <= now) wheel.Turn(now, [this](int32_t slot) { return Left(slot); });
    for (size_t slot = 0; slot < kSlots; slot++) wrong += there[slot] && now >= active[slot] + timeout + tick;
  }

  const uint32_t timeout, tick;
  IdleWheel wheel;
  std::vector<uint64_t> active;
  std::vector<bool> there;
  uint64_t now = 12345;
  int expired = 0, wrong = 0;
};

void Run(uint32_t timeout) {
  Simulation all(timeout);
  std::mt19937 random(timeout);
  for (int step = 0; step < 20000; step++) {
    all.now += step % 1000 == 999 ? 10 * timeout : random() % (timeout / 50 + 2);
    all.TurnWhenDue();
    const auto slot = static_cast<int32_t>(random() % kSlots);
    const bool there = all.there[static_cast<size_t>(slot)];
    if (!there) {
      all.Come(slot);
    } else if (random() % 10 == 0) {
      all.Go(slot);
    } else {
      all.active[static_cast<size_t>(slot)] = all.now;
    }
  }
  all.now += 2 * timeout;
  all.TurnWhenDue();
  printf("timeout %u: some expired %d, wrong %d, deadline %llu\n", timeout, all.expired > 1000, all.wrong,
         static_cast<unsigned long long>(all.wheel.deadline()));
}

}  // namespace

int main() {
  for (const uint32_t timeout : {1u, 31u, 200u, 30000u}) Run(timeout);
  return 0;
}

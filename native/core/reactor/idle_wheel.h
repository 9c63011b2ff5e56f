// Which connections may have been silent for too long: a hashed timer wheel, whose spokes are the connections that are
// looked at in the same moment. Activity costs nothing here: the wheel asks how long a connection was silent when its
// time would be over, and puts it where it will be over next. All is O(1) but turning it, which costs what comes due.
#ifndef POSIX_ASYNC_CORE_REACTOR_IDLE_WHEEL_H_
#define POSIX_ASYNC_CORE_REACTOR_IDLE_WHEEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace posix_async {

class IdleWheel {
 public:
  // A connection that is too late is found within a thirty-second part of `shortest` milliseconds, the shortest time
  // that counts.
  explicit IdleWheel(uint32_t shortest) : tick_(shortest / 32 + 1) { Clear(); }

  // To be looked at so many milliseconds after `now`.
  void Put(int32_t slot, uint64_t now, uint32_t after);
  void Remove(int32_t slot);
  void Clear();

  // When to Turn next, on the clock of `now`; 0: never.
  uint64_t deadline() const;

  // Gives each slot that is due to `left(slot)`: the milliseconds after which to look again, or 0 where it is over.
  template <typename Left>
  void Turn(uint64_t now, Left&& left) {
    const uint64_t last = now / tick_;
    if (last >= turned_ + kSpokes) turned_ = last - kSpokes;
    while (turned_ < last) {
      Take(SpokeOf(++turned_));
      while (places_[kDue].next != kDue) {
        const int32_t slot = places_[kDue].next - kFirst;
        Remove(slot);
        if (const uint32_t after = left(slot)) Put(slot, now, after);
      }
    }
  }

 private:
  static constexpr int32_t kSpokes = 64, kDue = kSpokes, kFirst = kDue + 1;

  // Rings, each with a place of its own in it: the spokes, who is due, and from kFirst on the slots.
  struct Place {
    int32_t next, previous;
  };

  static int32_t SpokeOf(uint64_t tick) { return static_cast<int32_t>(tick % kSpokes); }
  bool Alone(int32_t at) const { return places_[static_cast<size_t>(at)].next == at; }
  Place& At(int32_t at) { return places_[static_cast<size_t>(at)]; }
  // Who was on the spoke is due.
  void Take(int32_t spoke);

  const uint64_t tick_;
  uint64_t turned_ = 0;  // the tick whose spoke was the last to be looked at
  size_t waiting_ = 0;
  std::vector<Place> places_;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_IDLE_WHEEL_H_

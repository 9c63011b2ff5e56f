// The rings of the wheel. See idle_wheel.h.
#include "idle_wheel.h"

namespace posix_async {

// Further ahead than the wheel is round, a connection is looked at early, and put once more.
void IdleWheel::Put(int32_t slot, uint64_t now, uint32_t after) {
  if (!waiting_) turned_ = now / tick_;
  const auto at = kFirst + slot;
  while (places_.size() <= static_cast<size_t>(at)) {
    const auto alone = static_cast<int32_t>(places_.size());
    places_.push_back({alone, alone});
  }
  const uint64_t tick = std::min((now + after) / tick_ + 1, turned_ + kSpokes);
  const int32_t spoke = SpokeOf(tick);
  At(at) = {At(spoke).next, spoke};
  At(At(spoke).next).previous = at;
  At(spoke).next = at;
  waiting_++;
}

void IdleWheel::Remove(int32_t slot) {
  const int32_t at = kFirst + slot;
  if (static_cast<size_t>(at) >= places_.size() || Alone(at)) return;
  At(At(at).previous).next = At(at).next;
  At(At(at).next).previous = At(at).previous;
  At(at) = {at, at};
  waiting_--;
}

void IdleWheel::Clear() {
  places_.clear();
  for (int32_t at = 0; at < kFirst; at++) places_.push_back({at, at});
  waiting_ = 0;
}

void IdleWheel::Take(int32_t spoke) {
  if (Alone(spoke)) return;
  At(kDue) = At(spoke);
  At(At(kDue).next).previous = kDue;
  At(At(kDue).previous).next = kDue;
  At(spoke) = {spoke, spoke};
}

uint64_t IdleWheel::deadline() const {
  for (uint64_t tick = turned_ + 1; waiting_ && tick <= turned_ + kSpokes; tick++) {
    if (!Alone(SpokeOf(tick))) return tick * tick_;
  }
  return 0;
}

}  // namespace posix_async

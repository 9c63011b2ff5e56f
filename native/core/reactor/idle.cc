// Who is cut off because time is over: nothing is kept for each message but the time of it.
#include <algorithm>

#include "reactor.h"

namespace posix_async {

// Also when accepting is to go on after it rested.
uint64_t Reactor::deadline() const {
  const uint64_t accept_at = now_ < accept_again_at_ ? accept_again_at_ : 0, idle_at = idle_.deadline();
  return accept_at && idle_at ? std::min(accept_at, idle_at) : accept_at + idle_at;
}

void Reactor::Expire(uint64_t now) {
  now_ = now;
  RenewListeners();
  idle_.Turn(now, [this](int32_t slot) { return TimeLeft(slot); });
  backend_->Push();
}

void Reactor::Watch(int32_t slot) {
  At(slot).last_active = static_cast<uint32_t>(now_);
  if (const uint32_t time = options_.ShortestTimeout()) idle_.Put(slot, now_, time);
}

// Until the first reply time runs from when the client was accepted; what it sends does not stop it.
void Reactor::Active(int32_t slot, bool answered) {
  Connection& connection = At(slot);
  if (answered) connection.Set(kAnswered);
  if (!options_.head_timeout || connection.Is(kAnswered)) connection.last_active = static_cast<uint32_t>(now_);
}

// 0: it is cut off now, or nothing limits it any more.
uint32_t Reactor::TimeLeft(int32_t slot) {
  const Connection& connection = At(slot);
  const bool head = options_.head_timeout && !connection.Is(kAnswered);
  const uint32_t most = head ? options_.head_timeout : options_.idle_timeout;
  const uint32_t silent = static_cast<uint32_t>(now_) - connection.last_active;
  if (silent < most) return head ? std::min(most - silent, options_.ShortestTimeout()) : most - silent;
  if (most) Shut(slot, 0, kTimedOut);
  return 0;
}

}  // namespace posix_async

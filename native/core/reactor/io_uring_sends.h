// What the back end with io_uring(7) asks of the kernel, told apart by the user_data of each request, and the sends of
// one batch.
#ifndef POSIX_ASYNC_CORE_REACTOR_IO_URING_SENDS_H_
#define POSIX_ASYNC_CORE_REACTOR_IO_URING_SENDS_H_

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "backend.h"
#include "core/ring/ring_prepare.h"

namespace posix_async {

// Between the slot and the generation of a tag there is room for what a request is, and which of several in turn.
enum Request : uint64_t { kInput = 0, kPollOut = 1 << 24, kSend = 2 << 24, kNobody = 3 << 24 };
constexpr uint64_t kRequestMask = 3 << 24, kTurnMask = 15u << 28;

inline uint64_t WithTurn(uint64_t tag, uint8_t turn) { return tag | static_cast<uint64_t>(turn & 15) << 28; }

inline size_t SlotOf(uint64_t tag) { return tag & 0xfffff; }

// The sends that are handed over together: which of them a completion is about.
class RingSends {
 public:
  void Begin(std::vector<Sending>* all) {
    all_ = all;
    round_++;
  }
  void End() { all_ = nullptr; }
  size_t size() const { return all_->size(); }

  void Prepare(io_uring_sqe* entry, size_t index) {
    const Sending& one = (*all_)[index];
    const size_t slot = SlotOf(one.tag);
    if (slot >= sent_at_.size()) sent_at_.resize(std::max(slot + 1, 2 * sent_at_.size()));
    sent_at_[slot] = static_cast<uint32_t>(index);
    PrepareSend(entry, one.fd, one.bytes, static_cast<uint32_t>(one.count), MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL,
                WithTurn(one.tag | kSend, round_));
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
  }

  // Notes the result. False for a send of an earlier round: it was thought to have gone out whole.
  bool Completed(const io_uring_cqe& completion) {
    const size_t slot = SlotOf(completion.user_data);
    if (!all_ || slot >= sent_at_.size() || sent_at_[slot] >= all_->size()) return false;
    Sending& one = (*all_)[sent_at_[slot]];
    if (WithTurn(one.tag | kSend, round_) != completion.user_data) return false;
    one.result = completion.res;
    return true;
  }

 private:
  std::vector<Sending>* all_ = nullptr;  // while they are being sent
  std::vector<uint32_t> sent_at_;        // of each slot, where in them it is
  uint8_t round_ = 0;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_IO_URING_SENDS_H_

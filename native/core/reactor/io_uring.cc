// Completion with io_uring(7): clients are accepted and bytes received by requests that stay with the kernel, into the
// slab; a batch is sent by one io_uring_enter(2). See: man 7 io_uring, man 2 io_uring_enter
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "backend.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/ring/ring.h"
#include "core/ring/ring_prepare.h"
#include "io_uring_sends.h"

namespace posix_async {
namespace {

constexpr unsigned kBufferSize = 4096;
constexpr uint16_t kGroup = 0;
constexpr uint32_t kFeatureRegisteredRing = 1u << 13;  // Linux 6.3, which does all that is asked for here

class IoUring final : public Backend {
 public:
  explicit IoUring(const RingOptions& options) : options_(options) {}
  ~IoUring() override { Stop(); }

  // The requests that were cancelled let go of their sockets before this returns. Without its buffers nothing is
  // received any more, whatever of it is still under way.
  bool Stop() override {
    if (!ring_.open()) return true;
    Finish();
    CloseUntold();
    const bool given_back = buffers_.Close(ring_) == 0;
    ring_.Close();
    return given_back;
  }

  int fault() const override { return fault_; }

  int Open(uint8_t* slab, size_t size) override {
    if (const int error = ring_.Open(options_)) return error;
    if (!(ring_.features() & kFeatureRegisteredRing)) return -ENOSYS;
    const int event = Result([] { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
    if (event < 0) return event;
    event_.Reset(event);
    if (const int error = ring_.RegisterEventFd(event); error < 0) return error;
    return buffers_.Open(ring_, kGroup, static_cast<unsigned>(size / kBufferSize), kBufferSize, slab);
  }

  bool completes() const override { return true; }
  int wake_fd() const override { return event_.get(); }
  bool pending() const override {
    return taken_ < early_.size() || (!fault_ && (ring_.prepared() || ring_.ready() || ring_.behind()));
  }

  int Change(int fd, uint64_t tag, uint8_t before, uint8_t after) override {
    const uint8_t added = after & ~before, removed = before & ~after;
    if (fault_ || !Reserve(2)) return fault_ ? -fault_ : -EAGAIN;
    if (removed & kReadable) Cancel(WithTurn(tag, TurnOf(tag)));
    if (removed & kWritable) Cancel(tag | kPollOut);
    if (added & kReadable) Receive(fd, tag);
    if (added & kWritable) PreparePoll(ring_.Next(), fd, POLLOUT, tag | kPollOut);
    return 0;
  }

  int Collect(Ready* ready, int max) override {
    if (taken_ == early_.size()) Fetch();
    int count = 0;
    while (count < max && taken_ < early_.size()) count += Translate(early_[taken_++], &ready[count]);
    return count;
  }

  // Only now: the bytes that lay in the buffers are no longer looked at.
  void Resume() override {
    for (const uint16_t number : used_) buffers_.Give(number);
    if (!used_.empty()) buffers_.Publish();
    used_.clear();
  }

  // What the kernel does not take now it is given with the next batch: see pending.
  void Push() override {
    while (ring_.prepared() && Enter()) continue;
  }

  // The kernel makes each attempt while it takes the entry (MSG_DONTWAIT), and looks at the bytes no more after that.
  // MSG_WAITALL makes of a part of the bytes a failure that tells how many; success is not told at all, so nothing that
  // is told may be left in the kernel's own list when this returns.
  void Send(std::vector<Sending>* all) override {
    sends_.Begin(all);
    Push();
    size_t taken = ring_.prepared() ? 0 : HandOver();
    for (; taken < all->size(); taken++) (*all)[taken].result = -EAGAIN;
    sends_.End();
  }

  int Withdraw(int fd, uint64_t tag, uint8_t registered, std::vector<Ready>* rest) override {
    int error = Change(fd, tag, registered, kNoInterest);
    if (!error) error = Finish();
    if (error) return error;
    size_t kept = taken_;
    for (size_t i = taken_; i < early_.size(); i++) {
      Ready ready;
      if ((early_[i].user_data & ~(kRequestMask | kTurnMask)) != tag) {
        early_[kept++] = early_[i];
      } else if (Translate(early_[i], &ready)) {
        rest->push_back(ready);
      }
    }
    early_.resize(kept);
    return 0;
  }

  void Forget() override {
    CloseUntold();
    event_.Reset();
    ring_.Forget();
    buffers_.Forget();
  }

 private:
  // Whether there is room for so many entries, or could be made.
  bool Reserve(unsigned count) {
    while (ring_.room() < count) {
      if (!Enter()) return false;
    }
    return true;
  }

  // Hands over what is prepared, and takes what is done, at once for sends and for later for the rest. False: the
  // kernel takes nothing now (no memory), or never again.
  bool Enter() {
    if (fault_) return false;
    const unsigned before = ring_.prepared();
    const int taken = ring_.Submit();
    ring_.Drain([this](const io_uring_cqe& completion) {
      if ((completion.user_data & kRequestMask) != kSend || !sends_.Completed(completion)) early_.push_back(completion);
    });
    if (taken < 0 && taken != -EAGAIN && taken != -EBUSY) fault_ = -taken;
    return taken >= 0 && (taken > 0 || before == 0);
  }

  // Hands over all that is prepared, and takes all that is done. 0 or -errno.
  int Finish() {
    do {
      if (!Enter()) return fault_ ? -fault_ : -EAGAIN;
    } while (ring_.prepared() || ring_.behind());
    return 0;
  }

  // How many of those that are sent the kernel has taken, from the first on.
  size_t HandOver() {
    size_t count = 0;
    while (count < sends_.size() && Reserve(1)) sends_.Prepare(ring_.Next(), count++);
    Push();
    while (ring_.overflown() && Enter()) continue;
    return count - ring_.TakeBack();
  }

  // Clients that were accepted, and that nobody will hear of.
  void CloseUntold() {
    for (; taken_ < early_.size(); taken_++) {
      const io_uring_cqe& completion = early_[taken_];
      if (IsAccepting(completion.user_data) && completion.res >= 0) close(completion.res);
    }
  }

  void Fetch() {
    early_.clear();
    taken_ = 0;
    if (!ring_.ready()) {
      uint64_t times;
      Retry([&] { return read(event_.get(), &times, sizeof times); });
    }
    Enter();
  }

  void Receive(int fd, uint64_t tag) {
    if (tag >> 63) {
      PrepareAcceptMultishot(ring_.Next(), fd, SOCK_NONBLOCK | SOCK_CLOEXEC, WithTurn(tag, 0));
      return;
    }
    const size_t slot = SlotOf(tag);
    if (slot >= turns_.size()) turns_.resize(std::max(slot + 1, 2 * turns_.size()));
    PrepareRecvMultishot(ring_.Next(), fd, kGroup, WithTurn(tag, ++turns_[slot]));
  }

  void Cancel(uint64_t target) {
    io_uring_sqe* entry = ring_.Next();
    PrepareCancel(entry, target, kNobody);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
  }

  static bool IsAccepting(uint64_t user_data) { return user_data >> 63 && (user_data & kRequestMask) == kInput; }
  // A request that is followed by another says nothing about that one's end.
  uint8_t TurnOf(uint64_t tag) const { return tag >> 63 ? 0 : turns_[SlotOf(tag)]; }

  // Whether there is anything to tell.
  bool Translate(const io_uring_cqe& completion, Ready* ready) {
    const uint64_t request = completion.user_data & kRequestMask;
    const uint64_t tag = completion.user_data & ~(kRequestMask | kTurnMask);
    if (request == kSend) {
      *ready = {tag, kBroken, 0, 0};
      return true;
    }
    if (request == kNobody || completion.res == -ECANCELED) return false;
    if (request == kPollOut) {
      const bool failed = completion.res < 0 || completion.res & (POLLERR | POLLHUP);
      *ready = {tag, static_cast<uint8_t>(kWritable | kLapsed | (failed ? kFailed : 0)), 0, 0};
      return true;
    }
    *ready = {tag, kReadable, completion.res, 0};
    if (completion.res != -ENOBUFS) ready->what |= kDone;
    const bool current = WithTurn(tag, TurnOf(tag)) == completion.user_data;
    if (current && !(completion.flags & IORING_CQE_F_MORE)) ready->what |= kLapsed;
    if (completion.flags & IORING_CQE_F_BUFFER) ready->offset = Use(BufferRing::NumberOf(completion));
    return true;
  }

  uint32_t Use(uint16_t number) {
    used_.push_back(number);
    return number * kBufferSize;
  }

  const RingOptions options_;
  Ring ring_;
  BufferRing buffers_;
  UniqueFd event_;
  std::vector<io_uring_cqe> early_;  // taken from the ring, and from taken_ on not yet collected
  size_t taken_ = 0;
  std::vector<uint16_t> used_;  // buffers whose bytes the batch looks at
  std::vector<uint8_t> turns_;  // of each slot, counted up with each request to receive
  RingSends sends_;
  int fault_ = 0;
};

}  // namespace

std::unique_ptr<Backend> MakeIoUring(unsigned entries, unsigned completions) {
  return std::make_unique<IoUring>(RingOptions{entries, completions});
}

}  // namespace posix_async

// Completion with io_uring(7): clients are accepted and bytes received by requests that stay with the kernel, into the
// slab; a batch is sent by one io_uring_enter(2). See: man 7 io_uring, man 2 io_uring_enter
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "backend.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/ring/ring.h"
#include "core/ring/ring_prepare.h"

namespace posix_async {
namespace {

constexpr RingOptions kRing{512, 4096};
constexpr unsigned kBufferSize = 4096;
constexpr uint16_t kGroup = 0;
constexpr uint32_t kFeatureRegisteredRing = 1u << 13;  // Linux 6.3, which does all that is asked for here

// Between the slot and the generation of a tag there is room for what a request is, and which of several in turn.
enum Request : uint64_t { kInput = 0, kPollOut = 1 << 24, kSend = 2 << 24, kNobody = 3 << 24 };
constexpr uint64_t kRequestMask = 3 << 24, kTurnMask = 15u << 28;

uint64_t WithTurn(uint64_t tag, uint8_t turn) { return tag | static_cast<uint64_t>(turn & 15) << 28; }

class IoUring final : public Backend {
 public:
  // The requests that were cancelled let go of their sockets before anybody goes on.
  ~IoUring() override {
    if (!ring_.open()) return;
    do Enter();
    while (ring_.prepared() || ring_.behind());
    buffers_.Close(ring_);
  }

  int Open(uint8_t* slab, size_t size) override {
    if (const int error = ring_.Open(kRing)) return error;
    if (!(ring_.features() & kFeatureRegisteredRing)) return -ENOSYS;
    const int event = Result([] { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
    if (event < 0) return event;
    event_.Reset(event);
    if (const int error = ring_.RegisterEventFd(event); error < 0) return error;
    return buffers_.Open(ring_, kGroup, static_cast<unsigned>(size / kBufferSize), kBufferSize, slab);
  }

  bool completes() const override { return true; }
  int wake_fd() const override { return event_.get(); }
  bool pending() const override { return taken_ < early_.size() || ring_.ready() || ring_.behind(); }

  int Change(int fd, uint64_t tag, uint8_t before, uint8_t after) override {
    const uint8_t added = after & ~before, removed = before & ~after;
    if (removed & kReadable) Cancel(WithTurn(tag, TurnOf(tag)));
    if (removed & kWritable) Cancel(tag | kPollOut);
    if (added & kReadable) Receive(fd, tag);
    if (added & kWritable) PreparePoll(Next(), fd, POLLOUT, tag | kPollOut);
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

  void Push() override {
    while (ring_.prepared()) Enter();
  }

  // MSG_WAITALL makes of a part of the bytes a failure that tells how many; success is not told at all.
  void Send(std::vector<Sending>* all) override {
    sending_ = all->data();
    for (size_t i = 0; i < all->size(); i++) {
      const Sending& one = (*all)[i];
      io_uring_sqe* entry = Next();
      PrepareSend(entry, one.fd, one.bytes, static_cast<uint32_t>(one.count), MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL,
                  kSend | static_cast<uint64_t>(i) << 32);
      entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
    Push();
  }

  void Withdraw(int fd, uint64_t tag, uint8_t registered, std::vector<Ready>* rest) override {
    Change(fd, tag, registered, kNoInterest);
    do Enter();
    while (ring_.prepared() || ring_.behind());
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
  }

  void Forget() override {
    event_.Reset();
    ring_.Forget();
    buffers_.Forget();
  }

 private:
  io_uring_sqe* Next() {
    for (;;) {
      if (io_uring_sqe* entry = ring_.Next()) return entry;
      Enter();
    }
  }

  // Hands over what is prepared, and takes what is done, at once for sends and for later for the rest.
  void Enter() {
    ring_.Submit();
    ring_.Drain([this](const io_uring_cqe& completion) {
      if ((completion.user_data & kRequestMask) == kSend) {
        sending_[completion.user_data >> 32].result = completion.res;
      } else {
        early_.push_back(completion);
      }
    });
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
      PrepareAcceptMultishot(Next(), fd, SOCK_NONBLOCK | SOCK_CLOEXEC, WithTurn(tag, 0));
      return;
    }
    const size_t slot = SlotOf(tag);
    if (slot >= turns_.size()) turns_.resize(std::max(slot + 1, 2 * turns_.size()));
    PrepareRecvMultishot(Next(), fd, kGroup, WithTurn(tag, ++turns_[slot]));
  }

  void Cancel(uint64_t target) {
    io_uring_sqe* entry = Next();
    PrepareCancel(entry, target, kNobody);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
  }

  static size_t SlotOf(uint64_t tag) { return tag & 0xfffff; }
  // A request that is followed by another says nothing about that one's end.
  uint8_t TurnOf(uint64_t tag) const { return tag >> 63 ? 0 : turns_[SlotOf(tag)]; }

  // Whether there is anything to tell.
  bool Translate(const io_uring_cqe& completion, Ready* ready) {
    const uint64_t request = completion.user_data & kRequestMask;
    if (request == kNobody || completion.res == -ECANCELED) return false;
    const uint64_t tag = completion.user_data & ~(kRequestMask | kTurnMask);
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

  Ring ring_;
  BufferRing buffers_;
  UniqueFd event_;
  std::vector<io_uring_cqe> early_;  // taken from the ring, and from taken_ on not yet collected
  size_t taken_ = 0;
  std::vector<uint16_t> used_;  // buffers whose bytes the batch looks at
  std::vector<uint8_t> turns_;  // of each slot, counted up with each request to receive
  Sending* sending_ = nullptr;
};

}  // namespace

std::unique_ptr<Backend> MakeIoUring() { return std::make_unique<IoUring>(); }

}  // namespace posix_async

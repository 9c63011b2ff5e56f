// What a back end that completes does by itself: bytes that it received, and those that it sends together with others.
// See: io_uring.cc
#include <errno.h>

#include <algorithm>

#include "reactor.h"

namespace posix_async {

// ---- receiving

void Reactor::Completed(int32_t slot, const Ready& ready) {
  Connection& connection = At(slot);
  if (ready.what & kLapsed) {
    connection.registered &= static_cast<uint8_t>(~ready.what);
    Unsettle(slot);
  }
  if (ready.what & kBroken) return Shut(slot, EIO, kClosed);
  if (ready.what & kWritable && connection.queue) SendQueued(slot);
  if (!(ready.what & kDone) || connection.fd < 0 || connection.Is(kCloseAsked)) return;
  const bool wanted = Wanted(connection) & kReadable;
  const bool can_be_told = handler_ || ready.result <= 0 || (connection.told_in != batch_ && TellsNow());
  if (wanted && !connection.held && can_be_told) return Deliver(slot, ready);
  const auto count = static_cast<size_t>(ready.result);
  if (wanted && !connection.held && Extend(slot, ready.offset, count)) return CountReceived(slot, count);
  Hold(slot, ready);
}

void Reactor::Deliver(int32_t slot, const Ready& ready) {
  if (ready.result < 0) return Shut(slot, -ready.result, kClosed);
  if (ready.result == 0) return PeerEnded(slot);
  At(slot).told_in = batch_;
  Received(slot, ready.offset, static_cast<size_t>(ready.result));
}

// It was told of in this batch already, or nobody wants to read it now.
void Reactor::Hold(int32_t slot, const Ready& ready) {
  Connection& connection = At(slot);
  if (!connection.held) connection.held = std::make_unique<Held>();
  if (ready.result <= 0) {
    connection.held->over = true;
    connection.held->result = ready.result;
  } else if (!connection.held->bytes.Append(data_ + ready.offset, static_cast<size_t>(ready.result))) {
    return Shut(slot, ENOMEM, kClosed);
  }
  Unsettle(slot);
}

// The connection's turn in the run queue, which has room for it.
void Reactor::ReadHeld(int32_t slot) {
  Connection& connection = At(slot);
  if (!connection.held) return;
  ByteQueue& bytes = connection.held->bytes;
  if (const size_t count = std::min(bytes.size(), kShareSize)) {
    const size_t offset = slab_used_;
    memcpy(data_ + offset, bytes.data(), count);
    bytes.Take(count);
    connection.told_in = batch_;
    Received(slot, offset, count);
  }
  Unsettle(slot);
  if (connection.fd < 0 || bytes.size()) return;
  const bool over = connection.held->over;
  const int32_t result = connection.held->result;
  connection.held.reset();
  if (over) Deliver(slot, {0, kReadable | kDone, result, 0});
}

int Reactor::Withdraw(int32_t slot) {
  Connection& connection = At(slot);
  std::vector<Ready> rest;
  const int error = backend_->Withdraw(connection.fd, TagOf(slot), connection.registered, &rest);
  if (error) return error;
  connection.registered = kNoInterest;
  for (const Ready& ready : rest) {
    if (ready.what & kBroken) return -EIO;
    if (ready.what & kDone && connection.fd >= 0) Hold(slot, ready);
  }
  leftover_ = connection.held ? std::move(connection.held->bytes) : ByteQueue();
  connection.held.reset();
  control_->statistics[kBytesIn] += static_cast<double>(leftover_.size());
  return 0;
}

// ---- sending

// False: not together, everything that was to be sent before has been.
bool Reactor::SendTogether(int32_t slot, const uint8_t* bytes, size_t count) {
  Connection& connection = At(slot);
  if (!connection.Is(kSending)) {
    connection.Set(kSending);
    together_.push_back({TagOf(slot), connection.fd, bytes, count, 0});
    return true;
  }
  Sending& last = together_.back();
  if (last.tag == TagOf(slot) && last.bytes + last.count == bytes) {
    last.count += count;
    return true;
  }
  Dispatch();
  return connection.fd < 0;
}

void Reactor::Dispatch() {
  if (together_.empty()) return;
  std::vector<Sending> all;
  all.swap(together_);
  for (Sending& one : all) one.result = static_cast<int64_t>(one.count);
  backend_->Send(&all);
  for (const Sending& one : all) Sent(one);
  all.clear();
  if (together_.empty()) together_.swap(all);  // its room
  SettleInterest();
}

void Reactor::Sent(const Sending& sending) {
  const auto slot = static_cast<int32_t>(sending.tag & 0xffffffff);
  At(slot).Clear(kSending);
  if (sending.result < 0 && sending.result != -EAGAIN) return Shut(slot, static_cast<int>(-sending.result), kClosed);
  const size_t sent = sending.result < 0 ? 0 : static_cast<size_t>(sending.result);
  if (sent) CountSent(slot, sent);
  Queue(slot, sending.bytes + sent, sending.count - sent);
}

// A native handler's bytes need not be there any more when they are sent, save those that it was given, whose place is
// used again when the batch is over. Null where they do not fit.
const uint8_t* Reactor::Keep(const uint8_t* bytes, size_t count) {
  if (IsHandled(bytes, count)) return bytes;
  const auto used = static_cast<size_t>(control_->out_used);
  if (count > kOutSize - used) return nullptr;
  uint8_t* const kept = data_ + kSlabSize + used;
  memcpy(kept, bytes, count);
  control_->out_used += static_cast<int32_t>(count);
  return kept;
}

bool Reactor::IsHandled(const uint8_t* bytes, size_t count) const {
  const auto offset = reinterpret_cast<uintptr_t>(bytes) - reinterpret_cast<uintptr_t>(handled_);
  return handled_ && offset <= handled_size_ && count <= handled_size_ - offset;
}

}  // namespace posix_async

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
  if (ready.what & kWritable) return Run(slot, ready.what);
  if (!(ready.what & kDone) || connection.Is(kCloseAsked)) return;
  const bool wanted = Wanted(connection) & kReadable;
  if (wanted && !connection.held && (handler_ || connection.told_in != batch_ || ready.result <= 0)) {
    return Deliver(slot, ready);
  }
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

// The connection's turn in the run queue.
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

void Reactor::Withdraw(int32_t slot) {
  Connection& connection = At(slot);
  std::vector<Ready> rest;
  backend_->Withdraw(connection.fd, TagOf(slot), connection.registered, &rest);
  connection.registered = kNoInterest;
  for (const Ready& ready : rest) {
    if (ready.what & kDone) Hold(slot, ready);
  }
  leftover_ = connection.held ? std::move(connection.held->bytes) : ByteQueue();
  connection.held.reset();
  control_->statistics[kBytesIn] += static_cast<double>(leftover_.size());
}

// ---- sending

// False: not together, everything that was to be sent before has been.
bool Reactor::SendTogether(int32_t slot, const uint8_t* bytes, size_t count) {
  Connection& connection = At(slot);
  if (!connection.Is(kSending)) {
    connection.Set(kSending);
    together_.push_back({slot, connection.fd, bytes, count, 0});
    return true;
  }
  Sending& last = together_.back();
  if (last.slot == slot && last.bytes + last.count == bytes) {
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
  Connection& connection = At(sending.slot);
  connection.Clear(kSending);
  if (sending.result < 0 && sending.result != -EAGAIN)
    return Shut(sending.slot, static_cast<int>(-sending.result), kClosed);
  const size_t sent = sending.result < 0 ? 0 : static_cast<size_t>(sending.result);
  CountSent(sending.slot, sent);
  Queue(sending.slot, sending.bytes + sent, sending.count - sent);
}

// A native handler's bytes need not be there any more when they are sent. Null where they do not fit.
const uint8_t* Reactor::Keep(const uint8_t* bytes, size_t count) {
  if (bytes >= data_ && bytes + count <= data_ + kSlabSize) return bytes;
  const auto used = static_cast<size_t>(control_->out_used);
  if (used + count > kOutSize) return nullptr;
  uint8_t* const kept = data_ + kSlabSize + used;
  memcpy(kept, bytes, count);
  control_->out_used += static_cast<int32_t>(count);
  return kept;
}

}  // namespace posix_async

// The course of a batch: collect what happened, tell it, give back what it took; and the end of all. See reactor.h.
#include "reactor.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "core/base/result.h"

namespace posix_async {
namespace {

constexpr size_t kMostSlots = 1 << 20;
constexpr int kMostReady = 512;

// A connection needs a descriptor, so there are never more of them than the process may have.
size_t MostDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::min<size_t>(limit.rlim_max, kMostSlots);
}

template <typename T>
T* Map(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<T*>(memory);
}

}  // namespace

Reactor::Reactor(std::unique_ptr<Backend> backend, const ReactorOptions& options)
    : backend_(std::move(backend)),
      options_(options),
      completes_(backend_->completes()),
      most_slots_(MostDescriptors()),
      idle_(options.ShortestTimeout()) {}

Reactor::~Reactor() {
  Close();
  if (control_) munmap(control_, control_size_);
  if (data_ && !slab_in_use_) munmap(data_, kDataSize);
}

int Reactor::Open() {
  control_size_ = sizeof(Control) + most_slots_ * sizeof(int32_t);
  control_ = Map<Control>(control_size_);
  data_ = Map<uint8_t>(kDataSize);
  if (!control_ || !data_) return -ENOMEM;
  connections_.reserve(most_slots_);
  return backend_->Open(data_, kReceiveSize);
}

// ---- the batch

void Reactor::Collect(uint64_t now) {
  now_ = now;
  collecting_ = true;
  control_->records = 0;
  slab_used_ = completes_ ? kReceiveSize : 0;
  batch_++;
  ServeNotices();
  if (const int error = backend_->fault()) Fail(error);
  RunDeferred();
  Ready ready[kMostReady];
  const int count = backend_->Collect(ready, completes_ ? std::min(kMostReady, RoomForRecords() / 2) : kMostReady);
  for (int i = 0; i < count; i++) Serve(ready[i]);
  collecting_ = false;
}

void Reactor::Settle(uint64_t now) {
  PerformAll(now);
  FreeClosed();
  backend_->Resume();
  backend_->Push();
}

void Reactor::Flush(uint64_t now) {
  PerformAll(now);
  backend_->Push();
}

// JavaScript has been told of the end of these: nothing of it names their slots any more.
void Reactor::FreeClosed() {
  for (const int32_t slot : closed_) {
    Connection& connection = At(slot);
    connection.generation = (connection.generation + 1) & 0x7fffffff;
    connection.state = 0;
    connection.ready = 0;
    connection.held.reset();
    free_slots_.push_back(slot);
  }
  closed_.clear();
  if (notices_.empty()) dropped_.clear();
}

// ---- what happened

// For all that one connection's turn tells: its drain, its bytes, its end, its close.
bool Reactor::HasRoom() const {
  return notices_.empty() && control_->records < kMostRecords - 4 && slab_used_ + kShareSize <= kSlabSize;
}

// Told now, a record is read before the slab is used again; one that has to wait must not point there.
bool Reactor::TellsNow() const { return collecting_ && notices_.empty() && control_->records < kMostRecords; }

int Reactor::RoomForRecords() const { return kMostRecords - control_->records; }

void Reactor::ServeNotices() {
  while (!notices_.empty() && control_->records < kMostRecords) {
    const Record notice = notices_.front();
    notices_.pop_front();
    control_->record[control_->records++] = notice;
    if (notice.kind == kClose) closed_.push_back(notice.slot);
  }
}

void Reactor::Tell(Kind kind, int32_t slot, int32_t a, int32_t b) {
  if (handler_ && slot >= 0 && (kind != kClose || listening_)) {
    if (kind == kClose) closed_.push_back(slot);
    return;
  }
  if (!TellsNow()) {
    notices_.push_back({kind, slot, a, b});
    return;
  }
  control_->record[control_->records++] = {kind, slot, a, b};
  if (kind == kClose) closed_.push_back(slot);
}

// Bytes that follow those of the last record, in the slab too, are told by that record.
bool Reactor::Extend(int32_t slot, size_t offset, size_t count) {
  if (handler_ || control_->records == 0 || !notices_.empty()) return false;
  Record& last = control_->record[control_->records - 1];
  if (last.kind != kData || last.slot != slot || static_cast<size_t>(last.a) + static_cast<size_t>(last.b) != offset) {
    return false;
  }
  last.b += static_cast<int32_t>(count);
  return true;
}

void Reactor::Serve(const Ready& ready) {
  if (ready.tag & kListenerTag) {
    const size_t index = static_cast<uint32_t>(ready.tag);
    if (completes_) return Accepted(index, ready);
    if (index < listeners_.size() && listeners_[index].registered) Accept(listeners_[index]);
    return;
  }
  const Connection* connection = Find(ready.tag);
  if (!connection) return;
  const auto slot = static_cast<int32_t>(ready.tag & 0xffffffff);
  if (completes_) return Completed(slot, ready);
  if (connection->Is(kWaiting) || !HasRoom()) return Defer(slot, ready.what);
  Run(slot, ready.what);
}

// A descriptor that was closed, and whose number and slot may be another's by now, is told by its generation.
Connection* Reactor::Find(uint64_t tag) {
  Connection& connection = At(static_cast<int32_t>(tag & 0xffffffff));
  return connection.generation == tag >> 32 && connection.fd >= 0 ? &connection : nullptr;
}

void Reactor::Run(int32_t slot, uint8_t what) {
  Connection& connection = At(slot);
  if (what & (kWritable | kFailed) && connection.queue) SendQueued(slot);
  if (connection.fd < 0) return;
  if (what & (kReadable | kFailed) && Wanted(connection) & kReadable) Read(slot);
}

void Reactor::Defer(int32_t slot, uint8_t what) {
  Connection& connection = At(slot);
  connection.ready |= what;
  if (connection.Is(kWaiting)) return;
  connection.Set(kWaiting);
  run_queue_.push_back(TagOf(slot));
}

// Once around at most: a connection that is still ready after its turn goes to the end.
void Reactor::RunDeferred() {
  for (size_t left = run_queue_.size(); left > 0 && HasRoom(); left--) {
    const uint64_t tag = run_queue_.front();
    run_queue_.pop_front();
    Connection* connection = Find(tag);
    if (!connection) continue;
    connection->Clear(kWaiting);
    Run(static_cast<int32_t>(tag & 0xffffffff), std::exchange(connection->ready, uint8_t{0}));
  }
}

}  // namespace posix_async

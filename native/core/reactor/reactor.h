// The batching engine: waits with a back end, accepts and reads whatever is ready, and hands it over in one batch; when
// that has been dealt with, does what was asked for in it. One thread, never blocks.
//
//   Collect()  what happened is in control()->record, its bytes in data()
//   (the owner enters JavaScript once, unless there are no records)
//   Settle()   replies are written, interest is renewed, slots of closed connections become free
//
// Whose bytes lie where, and for how long. A pointer or offset that outlives the call that made it is one of these:
//
//   a record of kData, into the slab            until its batch is settled: a place in the slab is taken before that
//                                               is told (slab_used_), or is a buffer that Backend::Resume gives back; a
//                                               record that has to wait for another batch never points there
//   an operation kWrite, into the data block    until operations are performed: then out_used begins anew
//   Sending::bytes, into the data block         until Dispatch, which comes before either of these ends, and before a
//                                               connection is closed or given away. What the kernel did not take is
//                                               copied into the connection's own queue there
//   the kernel's own, during Backend::Send      not longer: each attempt is made before that returns
//   buffers to receive into (io_uring)          from Backend::Open to Stop; where Stop cannot say that the kernel has
//                                               let go of them, the slab is never unmapped
//   what a native handler is given              until it returns. What it writes from there is sent from there, of any
//                                               other memory a copy is taken (Keep)
//   a connection's state for its handler        until on_close has returned, which waits while any handler is at work
//
// A back end that does not complete sends at once or copies: nothing of the slab is looked at after the call. Slots and
// descriptors are used again, so what is kept across calls is a tag, whose generation tells the slot's users apart.
#ifndef POSIX_ASYNC_CORE_REACTOR_REACTOR_H_
#define POSIX_ASYNC_CORE_REACTOR_REACTOR_H_

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "backend.h"
#include "connection.h"
#include "idle_wheel.h"
#include "shared.h"

namespace posix_async {

class RunningHandler;

struct ReactorOptions {
  bool edge_triggered = false;
  uint32_t most_connections = UINT32_MAX;  // one beyond is closed at once
  uint32_t idle_timeout = 0;               // milliseconds without a byte; 0: never
  uint32_t head_timeout = 0;               // milliseconds without a reply since the client came; 0: never
  size_t high_water_mark = 64 * 1024;
  std::shared_ptr<RunningHandler> handler;  // serves the connections instead of JavaScript

  uint32_t ShortestTimeout() const {
    if (!idle_timeout || !head_timeout) return idle_timeout + head_timeout;
    return idle_timeout < head_timeout ? idle_timeout : head_timeout;
  }
};

class Reactor {
 public:
  Reactor(std::unique_ptr<Backend> backend, const ReactorOptions& options);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  int Open();  // 0 or -errno
  int wake_fd() const { return backend_->wake_fd(); }

  // A listening descriptor, borrowed until Unlisten; it is made O_NONBLOCK. 0 or -errno.
  int Listen(int fd);
  void Unlisten(int fd);
  // The environment ends, and its owner closes what was borrowed.
  void UnlistenAll();

  void Collect(uint64_t now);
  void Settle(uint64_t now);
  // Operations noted outside of a batch, or too many of them inside one.
  void Flush(uint64_t now);
  // Something is left to be told or read that wake_fd does not show.
  bool pending() const {
    return !notices_.empty() || !run_queue_.empty() || backend_->pending() || (backend_->fault() && !failed_);
  }
  // When Expire is next due on the clock of `now`; 0: never.
  uint64_t deadline() const;
  void Expire(uint64_t now);

  // Writes at once, after what was noted before: bytes still queued, or -errno.
  int64_t Write(int32_t slot, const uint8_t* bytes, size_t count, uint64_t now);
  // Gives the descriptor away, registered nowhere; -EBUSY while bytes are queued. It counts as active until kRelease.
  int Detach(int32_t slot, uint64_t now);
  // What had been received for the one that was detached last.
  const ByteQueue& leftover() const { return leftover_; }
  int DescriptorOf(int32_t slot) const;
  const Peer* PeerOf(int32_t slot) const;  // until the end of the batch that told kClose
  const Peer* DroppedPeer(int32_t number) const;
  // A native handler's write: 0 or -errno.
  int Reply(int32_t slot, const uint8_t* bytes, size_t count);
  // Closes every connection, each with its record.
  void DestroyAll(uint64_t now);
  // Closes everything that it owns, without another record.
  void Close();
  // Right after fork, in the child: as Close, touching nothing that is shared with the parent.
  void Forget();

  Control* control() { return control_; }
  size_t control_size() const { return control_size_; }
  uint8_t* data() { return data_; }

 private:
  static constexpr uint64_t kListenerTag = 1ull << 63;

  struct Listener {
    int fd;
    bool registered;
  };

  // reactor.cc: the batch
  Connection& At(int32_t slot) { return connections_[static_cast<size_t>(slot)]; }
  uint64_t TagOf(int32_t slot) {
    return static_cast<uint64_t>(At(slot).generation) << 32 | static_cast<uint32_t>(slot);
  }
  // Null for a tag of a slot's earlier connection.
  Connection* Find(uint64_t tag);
  void Run(int32_t slot, uint8_t what);
  void Defer(int32_t slot, uint8_t what);
  void RunDeferred();
  void Serve(const Ready& ready);
  void ServeNotices();
  bool HasRoom() const;
  bool TellsNow() const;
  int RoomForRecords() const;
  void Tell(Kind kind, int32_t slot, int32_t a = 0, int32_t b = 0);
  bool Extend(int32_t slot, size_t offset, size_t count);
  void FreeClosed();
  void Fail(int error);
  void MarkClosed();

  // operations.cc: what is to be done
  void Perform(const Record& operation);
  void PerformAll(uint64_t now);
  void SettleInterest();
  uint8_t Wanted(const Connection& connection) const;
  void Renew(int32_t slot);
  void Deregister(int32_t slot);
  void Unsettle(int32_t slot);

  // accept.cc: clients coming in
  void Accept(Listener& listener);
  void Place(int fd, const Peer& peer);
  void Drop(int fd, const Peer& peer);
  void Accepted(size_t index, const Ready& ready);
  void Admit(int fd, const Peer& peer);
  void Refuse(int32_t slot, int fd, const Peer& peer, int error);
  int32_t TakeSlot();
  bool HasSlot() const;
  bool MayAccept() const;
  bool TryNext(int error);
  void RenewListeners();

  // idle.cc: whose time is over
  void Watch(int32_t slot);
  void Active(int32_t slot, bool answered);
  uint32_t TimeLeft(int32_t slot);

  // completed.cc: what a back end did by itself
  void Completed(int32_t slot, const Ready& ready);
  void Deliver(int32_t slot, const Ready& ready);
  void Hold(int32_t slot, const Ready& ready);
  int Withdraw(int32_t slot);
  void ReadHeld(int32_t slot);
  bool SendTogether(int32_t slot, const uint8_t* bytes, size_t count);
  void Dispatch();
  void Sent(const Sending& sending);
  const uint8_t* Keep(const uint8_t* bytes, size_t count);
  bool IsHandled(const uint8_t* bytes, size_t count) const;

  // stream.cc: bytes of one connection
  void Read(int32_t slot);
  int64_t Receive(Connection& connection, size_t* got);
  void Received(int32_t slot, size_t offset, size_t count);
  void CountReceived(int32_t slot, size_t count);
  void CountSent(int32_t slot, size_t count);
  void PeerEnded(int32_t slot);
  void Send(int32_t slot, const uint8_t* bytes, size_t count);
  void SendAlone(int32_t slot, const uint8_t* bytes, size_t count);
  void Queue(int32_t slot, const uint8_t* bytes, size_t count);
  bool SendNow(int32_t slot, const uint8_t* bytes, size_t count, size_t* sent);
  void SendQueued(int32_t slot);
  void AfterSending(int32_t slot);
  void Shut(int32_t slot, int error, Reason reason);

  // handled.cc: native handlers
  bool StartHandling(int32_t slot);
  void HandleData(int32_t slot, const uint8_t* bytes, size_t count);
  void HandleEnd(int32_t slot);
  void Follow(int32_t slot, int next);
  void StopHandling(Connection& connection);
  template <typename Call>
  int InHandler(Call&& call);
  void EndStates();

  std::unique_ptr<Backend> backend_;
  const ReactorOptions options_;
  const std::shared_ptr<RunningHandler>& handler_ = options_.handler;
  Control* control_ = nullptr;
  size_t control_size_ = 0;
  uint8_t* data_ = nullptr;
  const bool completes_;
  size_t slab_used_ = 0;
  uint32_t batch_ = 0;
  bool collecting_ = false;
  bool failed_ = false;
  bool slab_in_use_ = false;  // by the kernel, for good
  uint64_t now_ = 0;

  size_t most_slots_ = 0;
  std::vector<Connection>
      connections_;  // never reallocated: its whole room is reserved at first, and touched when used
  std::vector<int32_t> free_slots_;
  std::vector<int32_t> closed_;     // told in this batch: free when it is over
  std::vector<Peer> dropped_;       // told in this batch, or about to be
  std::vector<int32_t> unsettled_;  // interest may have changed
  std::deque<uint64_t> run_queue_;  // ready, but the slab or the records were full
  std::deque<Record> notices_;      // to be told in the next batch
  std::vector<Sending> together_;   // sent by one call when the operations are done
  ByteQueue leftover_;
  const uint8_t* handled_ = nullptr;  // what a handler is being given
  size_t handled_size_ = 0;
  bool in_handler_ = false;
  std::vector<void*> ended_states_;  // of connections that ended while a handler was at work
  std::vector<Listener> listeners_;
  bool listening_ = false;
  uint32_t active_ = 0;
  uint64_t accept_again_at_ = 0;  // accepting rests until then: no descriptor or no memory was left
  IdleWheel idle_;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_REACTOR_H_

// Native handlers on the reactor: the event form of include/posix_async.h, called as soon as bytes were read; no record
// of such a connection reaches JavaScript before the server stops listening and wants to know of the last one's end.
#include <errno.h>

#include "core/handlers/handler.h"
#include "reactor.h"

namespace posix_async {
namespace {

struct SlotWriter : posix_async_writer {
  Reactor* reactor;
  int32_t slot;
};

int WriteToSlot(posix_async_writer* writer, const void* data, size_t length) {
  const auto* self = static_cast<SlotWriter*>(writer);
  return self->reactor->Reply(self->slot, static_cast<const uint8_t*>(data), length);
}

SlotWriter WriterOf(Reactor* reactor, int32_t slot) {
  SlotWriter writer{};
  writer.write = &WriteToSlot;
  writer.reactor = reactor;
  writer.slot = slot;
  return writer;
}

}  // namespace

int Reactor::Reply(int32_t slot, const uint8_t* bytes, size_t count) {
  if (DescriptorOf(slot) < 0) return -EPIPE;
  const uint8_t* kept = completes_ ? Keep(bytes, count) : bytes;
  if (kept) {
    Send(slot, kept, count);
  } else {
    Dispatch();
    if (DescriptorOf(slot) >= 0) SendAlone(slot, bytes, count);
  }
  return DescriptorOf(slot) < 0 ? -EPIPE : 0;
}

bool Reactor::StartHandling(int32_t slot) {
  const size_t size = handler_->handler().state_size;
  return !size || (At(slot).user = calloc(1, size));
}

// What the handler does in `call` may end connections, its own and others: by a write that fails, or one that sends
// what waits for others. Until it has returned nothing of the handler's is called or freed.
template <typename Call>
int Reactor::InHandler(Call&& call) {
  in_handler_ = true;
  const int next = call();
  in_handler_ = false;
  EndStates();
  return next;
}

void Reactor::HandleData(int32_t slot, const uint8_t* bytes, size_t count) {
  SlotWriter writer = WriterOf(this, slot);
  const auto& handler = handler_->handler();
  handled_ = bytes;
  handled_size_ = count;
  const int next =
      InHandler([&] { return handler.on_data(At(slot).user, &handler_->context(), bytes, count, &writer); });
  handled_ = nullptr;
  Follow(slot, next);
}

// A handler that has ended the connection itself is not told of the client's end.
void Reactor::HandleEnd(int32_t slot) {
  if (At(slot).Is(kCloseAsked)) return;
  SlotWriter writer = WriterOf(this, slot);
  const auto& handler = handler_->handler();
  if (!handler.on_end) return Follow(slot, POSIX_ASYNC_END);
  Follow(slot, InHandler([&] { return handler.on_end(At(slot).user, &handler_->context(), &writer); }));
}

// What the handler returned.
void Reactor::Follow(int32_t slot, int next) {
  if (At(slot).fd < 0 || next == POSIX_ASYNC_CONTINUE) return;
  if (next < 0) return Shut(slot, -next, kClosed);
  At(slot).Set(kCloseAsked);
  Unsettle(slot);
  AfterSending(slot);
}

// The connection is over; its state only when no handler is at work any more.
void Reactor::StopHandling(Connection& connection) {
  ended_states_.push_back(std::exchange(connection.user, nullptr));
  if (!in_handler_) EndStates();
}

void Reactor::EndStates() {
  const auto& handler = handler_->handler();
  for (void* state : std::exchange(ended_states_, {})) {
    if (handler.on_close) handler.on_close(state, &handler_->context());
    free(state);
  }
}

}  // namespace posix_async

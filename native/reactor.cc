// What JavaScript asks of a reactor: see reactor_loop.h and lib/servers/event/reactor.ts.
#include <arpa/inet.h>

#include <memory>
#include <string>

#include "binding.h"
#include "core/handlers/handler.h"
#include "loop/reactor_loop.h"

namespace posix_async {
namespace {

using Handle = Napi::External<ReactorLoop>;

std::unique_ptr<Backend> MakeBackend(const std::string& name, bool edge_triggered) {
  if (name == "poll") return MakePoll();
  if (name == "select") return MakeSelect();
  if (name == "io_uring") return MakeIoUring();
  return MakeEpoll(edge_triggered);
}

// `handler` is the number of a native handler at work, or -1. Gives { handle, control, data } or -errno.
napi_value Create(Napi::Env env, std::string backend, bool edge_triggered, unsigned most_connections,
                  unsigned idle_timeout, unsigned head_timeout, double high_water_mark, int handler,
                  Napi::Function batch) {
  ReactorOptions options;
  options.edge_triggered = edge_triggered;
  options.most_connections = most_connections;
  options.idle_timeout = idle_timeout;
  options.head_timeout = head_timeout;
  options.high_water_mark = handler < 0 ? static_cast<size_t>(high_water_mark) : 1;
  options.handler = handler < 0 ? nullptr : Running().Get(handler);
  auto loop = std::make_unique<ReactorLoop>(env, MakeBackend(backend, edge_triggered), options);
  if (const int error = loop->Open(batch)) return NumberOf(env, error);
  return loop.release()->Expose();
}

int Listen(Handle handle, int fd) { return handle.Data()->open() ? handle.Data()->core().Listen(fd) : -EBADF; }

void Unlisten(Handle handle, int fd) {
  if (handle.Data()->open()) handle.Data()->core().Unlisten(fd);
}

void Flush(Handle handle) { handle.Data()->Flush(); }

int64_t Write(Handle handle, int slot, Bytes bytes) {
  ReactorLoop* loop = handle.Data();
  if (!loop->open()) return -EPIPE;
  const int64_t queued = loop->core().Write(slot, bytes.data, bytes.size, loop->Now());
  loop->Arm();
  return queued;
}

int Detach(Handle handle, int slot) {
  ReactorLoop* loop = handle.Data();
  if (!loop->open()) return -EBADF;
  const int fd = loop->core().Detach(slot, loop->Now());
  loop->Arm();
  return fd;
}

// What had been received for the connection that was detached last.
napi_value Leftover(Napi::Env env, Handle handle) {
  const ByteQueue& bytes = handle.Data()->core().leftover();
  return bytes.size() ? CopyOf(env, bytes.data(), bytes.size()) : nullptr;
}

void DestroyAll(Handle handle) {
  if (!handle.Data()->open()) return;
  handle.Data()->core().DestroyAll(handle.Data()->Now());
  handle.Data()->Arm();
}

int DescriptorOf(Handle handle, int slot) {
  return handle.Data()->open() ? handle.Data()->core().DescriptorOf(slot) : -1;
}

// "port address"; "" where there is none.
std::string TextOf(const Peer* peer) {
  char text[INET6_ADDRSTRLEN] = "";
  if (!peer || (peer->family != AF_INET && peer->family != AF_INET6)) return "";
  inet_ntop(peer->family, peer->address, text, sizeof text);
  return std::to_string(peer->port) + " " + text;
}

std::string PeerOf(Handle handle, int slot) {
  return handle.Data()->open() ? TextOf(handle.Data()->core().PeerOf(slot)) : "";
}

std::string DroppedPeer(Handle handle, int number) {
  return handle.Data()->open() ? TextOf(handle.Data()->core().DroppedPeer(number)) : "";
}

void Close(Handle handle) { handle.Data()->Shut(); }

}  // namespace

void RegisterReactor(Exports& exports) {
  exports.Function<&Create>("reactorCreate");
  exports.Function<&Listen>("reactorListen");
  exports.Function<&Unlisten>("reactorUnlisten");
  exports.Function<&Flush>("reactorFlush");
  exports.Function<&Write>("reactorWrite");
  exports.Function<&Detach>("reactorDetach");
  exports.Function<&Leftover>("reactorLeftover");
  exports.Function<&DestroyAll>("reactorDestroyAll");
  exports.Function<&DescriptorOf>("reactorDescriptor");
  exports.Function<&PeerOf>("reactorPeer");
  exports.Function<&DroppedPeer>("reactorDroppedPeer");
  exports.Function<&Close>("reactorClose");
}

}  // namespace posix_async

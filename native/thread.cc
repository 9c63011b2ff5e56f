// threadServer for JavaScript: the native accept loop, and blocking I/O on threads of the connections' own.
// Every function is called on the environment's thread and none blocks it, save threadServerStop for the moment that
// the accepting thread takes to leave. See: man 3 pthread_create, core/thread.h, core/thread_io.h.
#include "core/thread_server/thread.h"
#include "binding.h"
#include "core/thread_server/thread_io.h"
#include "loop/env_data.h"

namespace posix_async {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLastSteps{100};  // that the end of a pool may take for threads that are on their way out
constexpr milliseconds kExitGrace{500};  // that the end of an environment may be held up for threads that compute

// What stands behind one threadServer with a JavaScript function.
struct IoPool {
  IoPool(unsigned keep, size_t stack_size) : threads(std::make_shared<ThreadCache>(keep, stack_size)) {}

  const std::shared_ptr<IoMailbox> mailbox = std::make_shared<IoMailbox>();
  const std::shared_ptr<ThreadCache> threads;
  std::unordered_map<int, std::shared_ptr<IoConnection>> connections;
  int last = 0;
  std::vector<IoCompletion> batch;  // empty but while it is delivered

  std::shared_ptr<IoConnection> Find(int id) const {
    const auto at = connections.find(id);
    return at == connections.end() ? nullptr : at->second;
  }

  // In a child made by fork its threads are gone, and with them the locks that one of them may have held.
  bool IsOwner() const { return threads->IsOwner(); }

  void Close() {
    if (!IsOwner()) return;
    mailbox->Close();
    for (const auto& entry : connections) entry.second->Close(false);
    connections.clear();
    threads->Close();
  }
};

// All of one environment. It ends with it: the threads are told to, and waited for while they do so at once.
struct Threads {
  explicit Threads(napi_env) {}
  ~Threads() {
    if (!guard.IsOwner()) return;
    const auto limit = std::chrono::steady_clock::now() + kExitGrace;
    const auto left = [&] {
      return std::max(milliseconds(0),
                      std::chrono::duration_cast<milliseconds>(limit - std::chrono::steady_clock::now()));
    };
    for (const auto& server : servers.All()) {
      server->Stop();
      server->ShutdownClients();
    }
    for (const auto& pool : pools.All()) pool->Close();
    for (const auto& server : servers.All()) server->WaitDone(left());
    for (const auto& pool : pools.All()) pool->threads->WaitEmpty(left());
  }

  const ProcessGuard guard;
  HandleTable<ThreadServer> servers;
  HandleTable<IoPool> pools;
};

Threads& Of(napi_env env) { return EnvData<Threads>(env); }

// The native accept loop.

int ServerStart(Napi::Env env, int listener, int running, unsigned max_threads, bool reuse, int max_connections,
                double stack_size, int idle_timeout) {
  auto handler = Running().Get(running);
  if (!handler) return -EBADF;
  const ThreadServerOptions options{listener,    max_threads, reuse, max_connections, static_cast<size_t>(stack_size),
                                    idle_timeout};
  auto server = std::make_shared<ThreadServer>(options, std::move(handler));
  const int error = server->Start();
  return error < 0 ? error : Of(env).servers.Add(std::move(server));
}

int ServerEventFd(Napi::Env env, int server) {
  const auto found = Of(env).servers.Get(server);
  return found ? found->event_fd() : -EBADF;
}

void ServerStop(Napi::Env env, int server) {
  if (const auto found = Of(env).servers.Get(server)) found->Stop();
}

void ServerShutdown(Napi::Env env, int server) {
  if (const auto found = Of(env).servers.Get(server)) found->ShutdownClients();
}

void ServerHeard(Napi::Env env, int server) {
  if (const auto found = Of(env).servers.Get(server)) found->Heard();
}

// `numbers` is a Float64Array(6) that takes accepted, active, rejected, errors, threads, and 0 or the -errno that ended
// accepting. Gives 1 when the last thread has left.
int ServerStats(Napi::Env env, int server, Room<double, 6> numbers) {
  const auto found = Of(env).servers.Get(server);
  if (!found) return -EBADF;
  const ThreadServerStats stats = found->Stats();
  size_t i = 0;
  for (const uint64_t value : {stats.accepted, stats.active, stats.rejected, stats.errors, stats.threads}) {
    numbers[i++] = static_cast<double>(value);
  }
  numbers[i] = found->fault();
  return found->WaitDone(milliseconds(0)) ? 1 : 0;
}

void ServerRelease(Napi::Env env, int server) { Of(env).servers.Remove(server); }

// Blocking I/O for JavaScript.

int IoOpen(Napi::Env env, unsigned keep, double stack_size) {
  auto pool = std::make_shared<IoPool>(keep, static_cast<size_t>(stack_size));
  const int error = pool->mailbox->Open();
  return error < 0 ? error : Of(env).pools.Add(std::move(pool));
}

int IoEventFd(Napi::Env env, int pool) {
  const auto found = Of(env).pools.Get(pool);
  return found ? found->mailbox->event_fd() : -EBADF;
}

int IoThreadCount(Napi::Env env, int pool) {
  const auto found = Of(env).pools.Get(pool);
  return found ? static_cast<int>(found->threads->threads()) : 0;
}

// Closes its connections and lets its threads end, which they do at once: their connections are over.
void IoRelease(Napi::Env env, int pool) {
  const auto found = Of(env).pools.Remove(pool);
  if (!found) return;
  found->Close();
  found->threads->WaitEmpty(kLastSteps);
}

// Gives the number of the connection, which owns `fd` from now on; or -errno.
int IoStart(Napi::Env env, int pool, int fd, int idle_timeout) {
  const auto found = Of(env).pools.Get(pool);
  if (!found) return -EBADF;
  auto connection = std::make_shared<IoConnection>(++found->last, fd, found->mailbox, found->threads);
  if (const int error = connection->Start(idle_timeout); error < 0) return error;
  found->connections.emplace(connection->id, connection);
  return connection->id;
}

template <typename Order>
int WithConnection(napi_env env, int pool, int connection, Order order) {
  const auto found = Of(env).pools.Get(pool);
  const auto target = found ? found->Find(connection) : nullptr;
  return target ? order(*target) : -EBADF;
}

int IoRead(Napi::Env env, int pool, int connection, double most) {
  return WithConnection(env, pool, connection, [&](auto& target) { return target.Read(static_cast<size_t>(most)); });
}

int IoWrite(Napi::Env env, int pool, int connection, Part data) {
  std::vector<uint8_t> copy(data.data, data.data + data.size);
  return WithConnection(env, pool, connection, [&](auto& target) { return target.Write(std::move(copy)); });
}

int IoEnd(Napi::Env env, int pool, int connection) {
  return WithConnection(env, pool, connection, [](auto& target) { return target.End(); });
}

// `quietly`: it is over for JavaScript at once, and no completion comes.
int IoClose(Napi::Env env, int pool, int connection, bool quietly) {
  const int result = WithConnection(env, pool, connection, [&](auto& target) {
    target.Close(quietly);
    return 0;
  });
  if (quietly && result == 0) Of(env).pools.Get(pool)->connections.erase(connection);
  return result;
}

// All completions since the last time, as one flat array: connection, operation, result, bytes read or null, ...
napi_value IoTake(Napi::Env env, int pool) {
  const auto found = Of(env).pools.Get(pool);
  napi_value batch = nullptr;
  napi_create_array(env, &batch);
  if (!found || !found->IsOwner()) return batch;
  uint32_t i = 0;
  found->mailbox->Take(&found->batch);
  for (const IoCompletion& completion : found->batch) {
    IoConnection& connection = *completion.connection;
    const bool has_data = completion.operation == IoOperation::kRead && completion.result > 0;
    const auto size = static_cast<size_t>(has_data ? completion.result : 0);
    SetElement(env, batch, i++, NumberOf(env, connection.id));
    SetElement(env, batch, i++, NumberOf(env, static_cast<int>(completion.operation)));
    SetElement(env, batch, i++, NumberOf(env, static_cast<double>(completion.result)));
    SetElement(env, batch, i++, has_data ? CopyOf(env, connection.data(), size) : env.Null());
    if (completion.operation == IoOperation::kRead) connection.Release();
    if (completion.operation == IoOperation::kClose) found->connections.erase(connection.id);
  }
  found->batch.clear();
  return batch;
}

}  // namespace

void RegisterThread(Exports& exports) {
  exports.Function<&ServerStart>("threadServerStart");
  exports.Function<&ServerEventFd>("threadServerEventFd");
  exports.Function<&ServerStop>("threadServerStop");
  exports.Function<&ServerShutdown>("threadServerShutdown");
  exports.Function<&ServerHeard>("threadServerHeard");
  exports.Function<&ServerStats>("threadServerStats");
  exports.Function<&ServerRelease>("threadServerRelease");
  exports.Function<&IoOpen>("threadIoOpen");
  exports.Function<&IoEventFd>("threadIoEventFd");
  exports.Function<&IoThreadCount>("threadIoThreadCount");
  exports.Function<&IoRelease>("threadIoRelease");
  exports.Function<&IoStart>("threadIoStart");
  exports.Function<&IoRead>("threadIoRead");
  exports.Function<&IoWrite>("threadIoWrite");
  exports.Function<&IoEnd>("threadIoEnd");
  exports.Function<&IoClose>("threadIoClose");
  exports.Function<&IoTake>("threadIoTake");
}

}  // namespace posix_async

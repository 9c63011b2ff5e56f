// A child process a connection, wholly native in the parent: accept4, fork, close of the client, and the wait for each
// child by its pidfd, from the event loop and without JavaScript, so that a connection costs the parent these calls and
// not the copying of what JavaScript writes to. The handler runs in the child. See: man 2 accept4, clone, waitid.
#include <fcntl.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "after_fork.h"
#include "binding.h"
#include "core/base/handle_table.h"
#include "core/base/result.h"
#include "core/fork/allocator_holes.h"
#include "core/fork/huge_text.h"
#include "env_data.h"
#include "fork.h"
#include "forked_children.h"
#include "readiness.h"

namespace posix_async {
namespace {

// Without the padding behind, for which JavaScript's memory has no room.
constexpr size_t kAddressBytes = offsetof(ClientAddress, length) + sizeof(ClientAddress::length);

// Bytes that a child may leave in its pipe, for which every pipe has room; it is looked whether there are more.
constexpr size_t kReportBytes = 8192;

// How many connections one turn of the event loop takes at most, so that what else waits is served too.
constexpr int kTurn = 64;

class ForkAcceptor final : public NativeWaiter, public std::enable_shared_from_this<ForkAcceptor> {
 public:
  ForkAcceptor(Napi::Env env, int listener, Napi::Object callbacks, uint8_t* address, int64_t* accepted,
               Many<int> kept);

  // When all that a server keeps has been made: its children are many and short, and this makes each cheaper.
  void Settle();
  int Resume(unsigned most_children, unsigned most_connections);
  void Pause();
  void Kill(int signal) { children_.Kill(signal); }
  size_t children() const { return children_.size(); }
  // Every end is told from now on, not only those with a status.
  void TellAllEnds();
  void Close();
  // In a child: nothing of it is the child's.
  void Forget();
  void OnReady(int fd) override;

 private:
  void AcceptAll();
  bool AcceptOne();
  bool Fork(int client, const ClientAddress& address);
  [[noreturn]] void Enter(int client, int report);
  void Reap(int pidfd);
  void OpenCallback(EnterJs& callback, napi_value callbacks, const char* name);
  void ShowAddress(const ClientAddress& client) { memcpy(address_, &client, kAddressBytes); }
  // What the child has left, or null.
  napi_value TakeReport(const ForkedChild& child);
  // Calls, with the client's address in `address`.
  void Tell(EnterJs& callback, const ClientAddress& client, std::initializer_list<napi_value> arguments);

  const Napi::Env env_;
  const int listener_;
  EnterJs is_asked_;            // () => boolean: false: JavaScript accepts from now on
  EnterJs ended_;               // (pid, status, report) => void: about the client in `address`, as the next three
  EnterJs accept_failed_;       // (errno) => void
  EnterJs fork_failed_;         // (fd, why) => void: a negative errno, or why it was not safe to fork
  EnterJs over_limit_;          // (fd) => void: there are as many connections as there may be
  EnterJs enter_;               // (fd, report) => void: in the child
  EnterJs idle_;                // () => void: in the child, when it has run out of events
  Napi::ObjectReference kept_;  // the memory below
  uint8_t* const address_;
  int64_t* const accepted_;
  std::vector<int> keeps_only_;  // in a child, beside 0 to 2; the last two are its client and its pipe
  unsigned most_children_ = 0;
  unsigned most_connections_ = 0;
  bool accepting_ = false;
  bool full_ = false;  // accepting rests until a child ends
  bool tells_all_ends_ = false;
  ForkedChildren children_;
  std::optional<fork::AllocatorHolesPlugged> plugged_;
};

ForkAcceptor::ForkAcceptor(Napi::Env env, int listener, Napi::Object callbacks, uint8_t* address, int64_t* accepted,
                           Many<int> kept)
    : env_(env),
      listener_(listener),
      kept_(Napi::Persistent(callbacks)),
      address_(address),
      accepted_(accepted),
      keeps_only_(kept.data, kept.data + kept.count),
      children_(env, this) {
  keeps_only_.insert(keeps_only_.end(), {-1, -1});
  OpenCallback(is_asked_, callbacks, "isAsked");
  OpenCallback(ended_, callbacks, "ended");
  OpenCallback(accept_failed_, callbacks, "acceptFailed");
  OpenCallback(fork_failed_, callbacks, "forkFailed");
  OpenCallback(over_limit_, callbacks, "overLimit");
  OpenCallback(enter_, callbacks, "enter");
  OpenCallback(idle_, callbacks, "idle");
}

void ForkAcceptor::OpenCallback(EnterJs& callback, napi_value callbacks, const char* name) {
  napi_value function = nullptr;
  if (napi_get_named_property(env_, callbacks, name, &function) == napi_ok) callback.Open(env_, function);
}

// What it cannot do, children do without.
void ForkAcceptor::Settle() {
  malloc_trim(0);  // what a child frees would be joined with each free piece, in pages that are copied for it
  plugged_.emplace();
  fork::MoveTextToHugePages();
}

int ForkAcceptor::Resume(unsigned most_children, unsigned most_connections) {
  most_children_ = most_children;
  most_connections_ = most_connections;
  if (accepting_) return 0;
  const int error = WaitNatively(env_, listener_, EPOLLIN, this);
  accepting_ = error == 0;
  return error;
}

void ForkAcceptor::Pause() {
  full_ = false;
  if (std::exchange(accepting_, false)) StopWaiting(env_, listener_);
}

void ForkAcceptor::Close() {
  Pause();
  children_.Close();
  plugged_.reset();
}

void ForkAcceptor::Forget() {
  children_.Forget();
  accepting_ = full_ = false;
}

void ForkAcceptor::TellAllEnds() {
  tells_all_ends_ = true;
  children_.WatchUnwatched();
}

void ForkAcceptor::OnReady(int fd) {
  const auto alive = shared_from_this();  // whatever JavaScript does when it is told
  const Napi::HandleScope scope(env_);
  children_.WatchUnwatched();
  if (fd == listener_) return AcceptAll();
  Reap(fd);
}

void ForkAcceptor::AcceptAll() {
  // Without a callback scope: nothing that JavaScript has queued runs here.
  if (!is_asked_.Ask()) return;
  for (int taken = 0; taken < kTurn && accepting_; taken++) {
    if (!AcceptOne()) return;
  }
}

// False: there is no more to accept for now.
bool ForkAcceptor::AcceptOne() {
  if (children_.size() >= most_children_ && children_.size() < most_connections_) {
    Pause();
    full_ = true;
    return false;
  }
  ClientAddress address{};
  socklen_t length = sizeof address.storage;
  const int client = accept4(listener_, reinterpret_cast<sockaddr*>(&address.storage), &length, SOCK_CLOEXEC);
  address.length = static_cast<uint8_t>(length);
  if (client < 0) {
    if (errno != EAGAIN && errno != EINTR) Tell(accept_failed_, address, {NumberOf(env_, errno)});
    return errno == EINTR;
  }
  __atomic_fetch_add(accepted_, 1, __ATOMIC_SEQ_CST);
  if (children_.size() >= most_connections_) {
    Tell(over_limit_, address, {NumberOf(env_, client)});
    return accepting_;
  }
  return Fork(client, address);
}

bool ForkAcceptor::Fork(int client, const ClientAddress& address) {
  int report[2];
  if (pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0) {
    Tell(fork_failed_, address, {NumberOf(env_, client), NumberOf(env_, -errno)});
    return false;
  }
  UniqueFd reader(report[0]);
  UniqueFd writer(report[1]);
  fork::ForkOptions options;
  options.lazily = true;
  options.wants_pidfd = true;
  options.keeps_only = &keeps_only_;
  keeps_only_.end()[-2] = client;
  keeps_only_.end()[-1] = writer.get();
  const fork::ForkResult result = ForkRuntime(env_, options);
  if (result.pid == 0) {
    ShowAddress(address);
    reader.Reset();
    Enter(client, writer.Release());
  }
  if (result.pid < 0) {
    Tell(fork_failed_, address, {NumberOf(env_, client), ToJs(env_, result)});
    return false;
  }
  close(client);
  children_.Add(result.pidfd, {result.pid, address, std::move(reader)});
  return true;
}

void ForkAcceptor::Enter(int client, int report) {
  enter_.Call({NumberOf(env_, client), NumberOf(env_, report)});
  LiveOn(env_, idle_);
}

void ForkAcceptor::Reap(int pidfd) {
  const auto child = children_.Reap(pidfd);
  if (!child) return;
  if (full_) Resume(most_children_, most_connections_);
  full_ = false;
  const int status = child->cut ? 0 : child->status;
  napi_value report = TakeReport(*child);
  if (tells_all_ends_ || status != 0 || report != nullptr) {
    Tell(ended_, child->client, {NumberOf(env_, child->pid), NumberOf(env_, status), report});
  }
}

// Once, and no more than there is room for: another process may have the child's end and go on writing.
napi_value ForkAcceptor::TakeReport(const ForkedChild& child) {
  uint8_t bytes[kReportBytes + 1];
  const ssize_t length = Retry([&] { return read(child.report.get(), bytes, sizeof bytes); });
  return length > 0 ? CopyOf(env_, bytes, length) : nullptr;
}

void ForkAcceptor::Tell(EnterJs& callback, const ClientAddress& client, std::initializer_list<napi_value> arguments) {
  ShowAddress(client);
  callback.Call(arguments);
}

struct ForkAcceptors {
  explicit ForkAcceptors(napi_env) {}
  HandleTable<ForkAcceptor> all;
};

std::shared_ptr<ForkAcceptor> Find(napi_env env, int acceptor) { return EnvData<ForkAcceptors>(env).all.Get(acceptor); }

// `callbacks` is what lib/native.ts declares, and keeps the memory of `address`, which takes a client's address, and
// of `accepted`, a BigInt64Array(1) that counts. `kept` are the descriptors that children have beside their clients, an
// Int32Array. Gives a number, or -errno.
int Open(Napi::Env env, int listener, Napi::Object callbacks, Room<uint8_t, kAddressBytes> address,
         Room<int64_t> accepted, Many<int> kept) {
  if (!OnMainThread()) return -ENOTSUP;
  return EnvData<ForkAcceptors>(env).all.Add(
      std::make_shared<ForkAcceptor>(env, listener, callbacks, address.data, accepted.data, kept));
}

template <auto method>
void Call(Napi::Env env, int acceptor) {
  if (const auto found = Find(env, acceptor)) (found.get()->*method)();
}

int Resume(Napi::Env env, int acceptor, unsigned most_children, unsigned most_connections) {
  const auto found = Find(env, acceptor);
  return found ? found->Resume(most_children, most_connections) : -EBADF;
}

void Kill(Napi::Env env, int acceptor, int signal) {
  if (const auto found = Find(env, acceptor)) found->Kill(signal);
}

int CountChildren(Napi::Env env, int acceptor) {
  const auto found = Find(env, acceptor);
  return found ? static_cast<int>(found->children()) : 0;
}

void Close(Napi::Env env, int acceptor) {
  if (const auto found = EnvData<ForkAcceptors>(env).all.Remove(acceptor)) found->Close();
}

// The parent's acceptors are not the child's.
const AfterFork after_fork(ChildStep::kForkAcceptors, [](napi_env env) {
  const ForkAcceptors* acceptors = FindEnvData<ForkAcceptors>(env);
  if (acceptors == nullptr) return;
  for (const auto& acceptor : acceptors->all.All()) acceptor->Forget();
});

}  // namespace

void RegisterForkAcceptor(Exports& exports) {
  exports.Function<&Open>("forkAcceptorOpen");
  exports.Function<&Call<&ForkAcceptor::Settle>>("forkAcceptorSettle");
  exports.Function<&Resume>("forkAcceptorResume");
  exports.Function<&Call<&ForkAcceptor::Pause>>("forkAcceptorPause");
  exports.Function<&Kill>("forkAcceptorKill");
  exports.Function<&Call<&ForkAcceptor::TellAllEnds>>("forkAcceptorTellAllEnds");
  exports.Function<&CountChildren>("forkAcceptorChildren");
  exports.Function<&Close>("forkAcceptorClose");
}

}  // namespace posix_async

// The reactor on a back end that completes what the test tells it to, in orders that a kernel seldom has. Judged by
// test/core/reactor.test.ts.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <utility>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/reactor/reactor.h"

using namespace posix_async;

namespace {

constexpr uint64_t kListener = 1ull << 63;
constexpr int32_t kBytes = 4096;

struct Script {
  std::vector<Ready> next;
  uint8_t waited = 0;  // what the connection is waited for on
};

class Scripted final : public Backend {
 public:
  explicit Scripted(Script* script) : script_(script) {}
  int Open(uint8_t*, size_t) override {
    event_.Reset(eventfd(0, EFD_CLOEXEC));
    return 0;
  }
  bool completes() const override { return true; }
  int wake_fd() const override { return event_.get(); }
  int Change(int, uint64_t tag, uint8_t, uint8_t after) override {
    if (!(tag & kListener)) script_->waited = after;
    return 0;
  }
  int Collect(Ready* ready, int) override {
    int count = 0;
    for (const Ready& one : script_->next) ready[count++] = one;
    script_->next.clear();
    return count;
  }
  void Forget() override {}

 private:
  Script* script_;
  UniqueFd event_;
};

int Client() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return -1;
  close(ends[1]);
  return ends[0];
}

Ready Came(int fd) { return {kListener, kReadable | kDone, fd, 0}; }
Ready Sent(uint64_t generation) { return {generation << 32, kReadable | kDone, kBytes, 0}; }

int Count(Reactor* reactor, Kind kind) {
  int count = 0;
  for (int32_t i = 0; i < reactor->control()->records; i++) count += reactor->control()->record[i].kind == kind;
  return count;
}

// One batch: what happens, how many records of that kind it makes, what is asked for.
int Batch(Reactor* reactor, Script* script, std::vector<Ready> what, Kind kind, int32_t ask = -1) {
  static uint64_t now = 0;
  script->next = std::move(what);
  reactor->Collect(++now);
  const int count = Count(reactor, kind);
  if (ask >= 0) reactor->control()->operation[reactor->control()->operations++] = {ask, 0, 0, 0};
  reactor->Settle(now);
  return count;
}

}  // namespace

int main() {
  Script script;
  Reactor reactor(std::make_unique<Scripted>(&script), ReactorOptions());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (reactor.Open() || reactor.Listen(listener)) return 1;

  Batch(&reactor, &script, {Came(Client())}, kOpen);
  const int first = Batch(&reactor, &script, {Sent(0)}, kData, kDestroy);
  Batch(&reactor, &script, {}, kClose);  // told: the slot is free
  const int late = Batch(&reactor, &script, {Came(Client()), Sent(0)}, kData);
  const int second = Batch(&reactor, &script, {Sent(1)}, kData);
  printf("the slot's first client %d, what came late of it %d, its second %d\n", first, late, second);

  const bool before = script.waited & kReadable;
  Batch(&reactor, &script, std::vector<Ready>(20, Sent(1)), kData);
  const bool flooded = script.waited & kReadable;
  for (int i = 0; i < 2; i++) Batch(&reactor, &script, {}, kData);
  printf("receives %d, with more than a share held %d, when that is told %d\n", before, flooded,
         (script.waited & kReadable) != 0);
  close(listener);
}

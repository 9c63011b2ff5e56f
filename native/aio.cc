// aio.h: requests to the threads of core/aio.h, one pool an environment, made anew in the child of a fork. The thread
// of the environment. See: man 7 aio
#include "core/aio.h"

#include <aio.h>
#include <fcntl.h>
#include <unistd.h>

#include <set>

#include "binding.h"
#include "loop/after_fork.h"
#include "loop/env_data.h"
#include "pinned_memory.h"

namespace posix_async {
namespace {

class Aio {
 public:
  explicit Aio(napi_env env) { napi_add_env_cleanup_hook(env, &OnTeardown, this); }

  // The pool of this process; null where there is no descriptor for it. The parent's is left alone in its child:
  // its destructor would wait for threads that are not there.
  AioPool* Pool() {
    if (pool_ && !pool_->IsOwner()) new std::shared_ptr<AioPool>(std::move(pool_));
    if (!pool_) {
      auto pool = std::make_shared<AioPool>();
      if ((error_ = pool->Open()) == 0) pool_ = std::move(pool);
    }
    return pool_.get();
  }

  int error() const { return error_; }

  // A number of its own for the file that a request is about, which nobody else closes; or -errno.
  int Hold(int fd) {
    const int own = Result([&] { return fcntl(fd, F_DUPFD_CLOEXEC, 0); });
    if (own >= 0) held_.insert(own);
    return own;
  }

  void LetGoOfAll() {
    for (const int own : held_) close(own);
    held_.clear();
  }

  void LetGo(int own) {
    if (held_.erase(own)) close(own);
  }

 private:
  static void OnTeardown(void* self) {
    auto* aio = static_cast<Aio*>(self);
    if (aio->pool_ && aio->pool_->IsOwner()) aio->pool_->Close();
    aio->LetGoOfAll();
  }

  std::shared_ptr<AioPool> pool_;
  std::set<int> held_;
  int error_ = 0;
};

// The descriptor that is readable while there are results, or -errno.
int EventFd(Napi::Env env) {
  auto& aio = EnvData<Aio>(env);
  AioPool* pool = aio.Pool();
  return pool ? pool->event_fd() : aio.error();
}

int Hold(Napi::Env env, int fd) { return EnvData<Aio>(env).Hold(fd); }
void LetGo(Napi::Env env, int own) { EnvData<Aio>(env).LetGo(own); }

// `memory` is the token of pinned memory, of which `size` bytes from `start` are meant; a sync has none.
int Submit(Napi::Env env, unsigned id, int operation, int fd, Napi::Value memory, int64_t start, int64_t size,
           int64_t offset) {
  const Bytes pinned = PinnedBytes(env, memory);
  if (!IsWithin(pinned, start, size)) return -EFAULT;
  AioPool* pool = EnvData<Aio>(env).Pool();
  if (!pool) return EnvData<Aio>(env).error();
  uint8_t* bytes = pinned.data + start;
  return pool->Submit({id, static_cast<AioOperation>(operation), fd, bytes, static_cast<size_t>(size), offset});
}

bool Cancel(Napi::Env env, unsigned id) {
  AioPool* pool = EnvData<Aio>(env).Pool();
  return pool && pool->Cancel(id);
}

// id, result, id, result ... of what is done since the last time.
napi_value Take(Napi::Env env) {
  AioPool* pool = EnvData<Aio>(env).Pool();
  const std::vector<AioResult> results = pool ? pool->Take() : std::vector<AioResult>();
  napi_value pairs = nullptr;
  napi_create_array_with_length(env, 2 * results.size(), &pairs);
  for (uint32_t i = 0; i < results.size(); i++) {
    SetElement(env, pairs, 2 * i, NumberOf(env, static_cast<double>(results[i].id)));
    SetElement(env, pairs, 2 * i + 1, NumberOf(env, static_cast<double>(results[i].result)));
  }
  return pairs;
}

// The child closes the duplicates that the parent's requests hold: it has nothing to do with those files.
const AfterFork after_fork(ChildStep::kAio, [](napi_env env) {
  if (Aio* aio = FindEnvData<Aio>(env)) aio->LetGoOfAll();
});

}  // namespace

void RegisterAio(Exports& exports) {
  exports.Function<&EventFd>("aioEventFd");
  exports.Function<&Hold>("aioHold");
  exports.Function<&LetGo>("aioLetGo");
  exports.Function<&Submit>("aioSubmit");
  exports.Function<&Cancel>("aioCancel");
  exports.Function<&Take>("aioTake");

  POSIX_ASYNC_CONSTANT(exports, AIO_ALLDONE);
  POSIX_ASYNC_CONSTANT(exports, AIO_CANCELED);
  POSIX_ASYNC_CONSTANT(exports, AIO_NOTCANCELED);
  POSIX_ASYNC_CONSTANT(exports, LIO_NOP);
  POSIX_ASYNC_CONSTANT(exports, LIO_NOWAIT);
  POSIX_ASYNC_CONSTANT(exports, LIO_READ);
  POSIX_ASYNC_CONSTANT(exports, LIO_WAIT);
  POSIX_ASYNC_CONSTANT(exports, LIO_WRITE);
}

}  // namespace posix_async

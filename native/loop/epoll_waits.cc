// The waits for epoll instances that are made on threads of their own (core/epoll_waiter.h): those of one environment,
// by numbers. The thread of the environment.
#include <sys/eventfd.h>

#include <map>
#include <memory>

#include "after_fork.h"
#include "binding.h"
#include "core/epoll_waiter.h"
#include "env_data.h"

namespace posix_async {
namespace {

class EpollWaits {
 public:
  explicit EpollWaits(napi_env env) { napi_add_env_cleanup_hook(env, &OnTeardown, this); }

  // Readable when a wait is over, or -errno.
  int Tell() {
    if (!tell_.valid()) tell_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return tell_.valid() ? tell_.get() : -errno;
  }

  // The number of a new wait, or -errno.
  int Begin(int epfd, int most) {
    if (most <= 0) return -EINVAL;
    const int tell = Tell();
    if (tell < 0) return tell;
    auto waiter = std::make_shared<EpollWaiter>();
    if (const int error = waiter->Start(epfd, tell, most); error < 0) return error;
    const int id = ++last_;
    waits_[id] = std::move(waiter);
    return id;
  }

  // What a wait has taken; -EAGAIN while it goes on. Its number is free then.
  int Take(int id, bool stop, const Many<double>& pairs) {
    const auto found = waits_.find(id);
    if (found == waits_.end()) return -ENOENT;
    if (stop) found->second->Stop();
    int result = 0;
    if (!found->second->IsOver(&result)) return -EAGAIN;
    const auto& events = found->second->events();
    if (pairs.count < 2 * events.size()) return -EFAULT;
    double* numbers = pairs.data;
    for (const epoll_event& event : events) {
      *numbers++ = event.events;
      *numbers++ = static_cast<double>(static_cast<int64_t>(event.data.u64));
    }
    waits_.erase(found);
    return result;
  }

  void Forget() {
    for (auto& [id, waiter] : waits_)
      new std::shared_ptr<EpollWaiter>(std::move(waiter));  // its thread is the parent's
    waits_.clear();
    tell_.Reset();
  }

 private:
  static void OnTeardown(void* self) {
    for (auto& [id, waiter] : static_cast<EpollWaits*>(self)->waits_) waiter->Stop();
  }

  UniqueFd tell_;
  std::map<int, std::shared_ptr<EpollWaiter>> waits_;
  int last_ = 0;
};

int Tell(Napi::Env env) { return EnvData<EpollWaits>(env).Tell(); }
int Begin(Napi::Env env, int epfd, int most) { return EnvData<EpollWaits>(env).Begin(epfd, most); }
int Take(Napi::Env env, int id, bool stop, Many<double> pairs) {
  return EnvData<EpollWaits>(env).Take(id, stop, pairs);
}

// The parent's waits are not the child's.
const AfterFork after_fork(ChildStep::kEpollWaits, [](napi_env env) {
  if (EpollWaits* waits = FindEnvData<EpollWaits>(env)) waits->Forget();
});

}  // namespace

void RegisterEpollWaits(Exports& exports) {
  exports.Function<&Tell>("epollWaitsTell");
  exports.Function<&Begin>("epollWaitBegin");
  exports.Function<&Take>("epollWaitTake");
}

}  // namespace posix_async

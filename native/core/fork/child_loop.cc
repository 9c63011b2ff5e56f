// Making a loop the child's own: uv_loop_fork(3), and what it leaves shared.
//
// The facts it rests on: an inotify instance is one object for parent and child, so a watch that is removed through it
// is gone in both. libuv removes watches when a handle stops, from the instance in loop->inotify_fd; another object
// under that number takes what was meant for the parent's. uv_loop_fork closes the instance and watches each path anew,
// but forgets that it may be called from the callback of a watch, whose list it frees: it is kept from the instance,
// and handles are stopped and started here. A list that is gone through just now stays in loop->inotify_watchers when
// all its handles have stopped, and libuv reads from the instance once more when it is through. See: man 7 inotify.
#include "child_loop.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "loop_phase.h"
#include "silence.h"

namespace posix_async::fork {
namespace {

bool WatchesFiles(const uv_loop_t& loop) { return loop.inotify_fd != -1; }

int Replace(int fd, int replacement) { return dup3(replacement, fd, O_CLOEXEC) < 0 ? -errno : 0; }

// uv_loop_fork, without what it does to watches of files.
int RenewAllButFileWatches(uv_loop_t* loop) {
  const int inotify = loop->inotify_fd;
  void* const lists = loop->inotify_watchers;
  loop->inotify_fd = -1;
  loop->inotify_watchers = nullptr;
  const int error = uv_loop_fork(loop);
  loop->inotify_fd = inotify;
  loop->inotify_watchers = lists;
  return error;
}

// Calls `use` for each handle that watches a file.
template <typename Use>
void ForEachFileWatch(uv_loop_t* loop, Use use) {
  const auto visit = [](uv_handle_t* handle, void* use) {
    const bool watches = handle->type == UV_FS_EVENT && !uv_is_closing(handle) && uv_is_active(handle);
    if (watches) (*static_cast<Use*>(use))(reinterpret_cast<uv_fs_event_t*>(handle));
  };
  uv_walk(loop, visit, &use);
}

struct FileWatch {
  uv_fs_event_t* handle;
  uv_fs_event_cb callback;
  std::string path;
};

// What can no longer be reached by its path is no longer heard of.
bool IsOfPath(int error) {
  return error == UV_ENOENT || error == UV_ENOTDIR || error == UV_EACCES || error == UV_ELOOP ||
         error == UV_ENAMETOOLONG;
}

// On the new instance that already has the old one's number. All are stopped before one is started: its watches begin
// at the same numbers.
int WatchAnew(uv_loop_t* loop) {
  std::vector<FileWatch> watches;
  ForEachFileWatch(loop, [&](uv_fs_event_t* handle) { watches.push_back({handle, handle->cb, handle->path}); });
  for (const FileWatch& watch : watches) uv_fs_event_stop(watch.handle);
  for (const FileWatch& watch : watches) {
    const int error = uv_fs_event_start(watch.handle, watch.callback, watch.path.c_str(), 0);
    if (error != 0 && !IsOfPath(error)) return error;
  }
  return 0;
}

// The idle socket has the instance's number. Without a list that is gone through nobody looks there any more, and libuv
// opens an instance when the child wants one.
int StopWatching(uv_loop_t* loop) {
  ForEachFileWatch(loop, [](uv_fs_event_t* handle) { uv_fs_event_stop(handle); });
  if (loop->inotify_watchers == nullptr) {
    Unwatch(loop, &loop->inotify_read_watcher);
    close(loop->inotify_fd);
    loop->inotify_fd = -1;
    return 0;
  }
  const UniqueFd fresh(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  return fresh.valid() ? Replace(loop->inotify_fd, fresh.get()) : -errno;
}

// How libuv's record of a poll begins, in every libuv 1.x.
struct FilePoll {
  uv_fs_poll_t* handle;
  int busy;
  unsigned interval;
  uint64_t began;
  uv_loop_t* loop;
  uv_fs_poll_cb callback;
  uv_timer_t timer;
  uv_fs_t request;

  bool IsOf(const uv_fs_poll_t& polled) const {
    return handle == &polled && loop == polled.loop && timer.type == UV_TIMER && timer.loop == loop;
  }

  // Whether it waits for a call of stat(2) that goes on in the parent only, or whose result was dropped. Where the
  // result is being told just now, libuv sets the timer afterwards.
  bool WaitsForEver() const {
    if (uv_is_active(reinterpret_cast<const uv_handle_t*>(&timer))) return false;
    const void* links[2];
    memcpy(links, &request.work_req.wq, sizeof links);
    return request.work_req.work != nullptr || links[0] == &request.work_req.wq;
  }
};

int PollAnew(uv_fs_poll_t* handle) {
  const auto* poll = static_cast<const FilePoll*>(handle->poll_ctx);
  if (!poll->IsOf(*handle)) return UV_ENOTSUP;
  if (!poll->WaitsForEver()) return 0;
  const auto callback = poll->callback;
  const unsigned interval = poll->interval;
  char path[PATH_MAX];
  size_t size = sizeof path;
  int error = uv_fs_poll_getpath(handle, path, &size);
  if (error == 0) error = uv_fs_poll_stop(handle);
  return error == 0 ? uv_fs_poll_start(handle, callback, path, interval) : error;
}

int PollAllAnew(uv_loop_t* loop) {
  std::vector<uv_fs_poll_t*> polls;
  const auto collect = [](uv_handle_t* handle, void* polls) {
    const bool watches = handle->type == UV_FS_POLL && !uv_is_closing(handle) && uv_is_active(handle);
    if (watches) static_cast<std::vector<uv_fs_poll_t*>*>(polls)->push_back(reinterpret_cast<uv_fs_poll_t*>(handle));
  };
  uv_walk(loop, collect, &polls);
  int error = 0;
  for (uv_fs_poll_t* poll : polls)
    if (error == 0) error = PollAnew(poll);
  return error;
}

}  // namespace

int LoopSpares::Open(const uv_loop_t& loop, bool keep_handles) {
  if (keep_handles) {
    if (!WatchesFiles(loop)) return 0;
    inotify_.Reset(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    return inotify_.valid() ? 0 : -errno;
  }
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return -errno;
  idle_.Reset(pair[0]);
  other_end_.Reset(pair[1]);
  return shutdown(idle_.get(), SHUT_WR) == 0 ? 0 : -errno;  // what is written to it fails, and is not swallowed
}

void LoopSpares::AddTo(std::vector<int>* kept) const {
  for (const UniqueFd* spare : {&idle_, &other_end_, &inotify_})
    if (spare->valid()) kept->push_back(spare->get());
}

void LoopSpares::Settle() {
  idle_.Reset();
  inotify_.Reset();
  other_end_.Release();
}

int RenewLoop(uv_loop_t* loop, const LoopSpares& spares, bool keep_handles) {
  int error = 0;
  if (WatchesFiles(*loop)) error = Replace(loop->inotify_fd, keep_handles ? spares.inotify() : spares.idle());
  if (!keep_handles) DropPhase(loop);
  if (error == 0 && !keep_handles) error = SilenceHandles(loop, spares.idle());
  if (error == 0) error = RenewAllButFileWatches(loop);
  if (keep_handles) KeepHandles(loop);
  return error;
}

int RenewFileWatches(uv_loop_t* loop, bool keep_handles) {
  int error = 0;
  if (WatchesFiles(*loop)) error = keep_handles ? WatchAnew(loop) : StopWatching(loop);
  return error == 0 && keep_handles ? PollAllAnew(loop) : error;
}

}  // namespace posix_async::fork

// Silence: the parent's handles are taken out of the child's loop, and an idle socket takes the place of their
// descriptors.
//
// The facts it rests on: uv_loop_fork watches anew what stands in loop->watchers, so what is taken out there before
// stays silent; the handle keeps its descriptor's number, which must therefore stay taken: dup2 of an idle socket onto
// it closes the parent's object in this process (what the C example does with close(server_sockfd)) and can be watched,
// written to and closed without harm, whatever the program still does with the handle. The fields used are those of the
// public uv.h, which libuv 1.x keeps. See: man 2 dup2.
#include "silence.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <initializer_list>

namespace posix_async::fork {
namespace {

// Node's own, which every Node exports; looked up when the addon is loaded, for a child would do it anew each time.
void* const flush_tasks = dlsym(RTLD_DEFAULT, "_ZN4node22PerIsolatePlatformData10FlushTasksEP10uv_async_s");

uv__io_t* WatcherOf(uv_handle_t* handle) {
  switch (handle->type) {
    case UV_TCP:
    case UV_NAMED_PIPE:
    case UV_TTY:
      return &reinterpret_cast<uv_stream_t*>(handle)->io_watcher;
    case UV_UDP:
      return &reinterpret_cast<uv_udp_t*>(handle)->io_watcher;
    case UV_POLL:
      return &reinterpret_cast<uv_poll_t*>(handle)->io_watcher;
    default:
      return nullptr;
  }
}

// A watcher's place in one of the loop's queues: two pointers, next and previous, in every libuv 1.x.
void Unlink(void* node) {
  auto** links = static_cast<void**>(node);
  auto** next = static_cast<void**>(links[0]);
  auto** previous = static_cast<void**>(links[1]);
  previous[0] = next;
  next[1] = previous;
  links[0] = links[1] = links;
}

void Unwatch(uv_loop_t* loop, uv__io_t* watcher) {
  Unlink(&watcher->pending_queue);
  Unlink(&watcher->watcher_queue);
  watcher->pevents = 0;
  watcher->events = 0;
  const auto fd = static_cast<unsigned>(watcher->fd);
  if (fd < loop->nwatchers && loop->watchers[fd] == watcher) {
    loop->watchers[fd] = nullptr;
    loop->nfds--;
  }
}

// What the parent has queued on standard output and error is the parent's to write, or it would be written twice.
void DropWrites(uv_handle_t* handle) {
  if (handle->type == UV_UDP || handle->type == UV_POLL) return;
  auto* stream = reinterpret_cast<uv_stream_t*>(handle);
  for (void* queue : {static_cast<void*>(&stream->write_queue), static_cast<void*>(&stream->write_completed_queue)}) {
    auto** links = static_cast<void**>(queue);
    links[0] = links[1] = queue;
  }
  stream->write_queue_size = 0;
}

struct Silencer {
  uv_loop_t* loop;
  int idle;
};

size_t LengthOf(void* queue) {
  size_t length = 0;
  for (void* node = *static_cast<void**>(queue); node != queue; node = *static_cast<void**>(node)) length++;
  return length;
}

size_t RequestsOf(uv_handle_t* handle) {
  if (handle->type == UV_UDP) {
    auto* udp = reinterpret_cast<uv_udp_t*>(handle);
    return LengthOf(&udp->write_queue) + LengthOf(&udp->write_completed_queue);
  }
  if (WatcherOf(handle) == nullptr || handle->type == UV_POLL) return 0;
  auto* stream = reinterpret_cast<uv_stream_t*>(handle);
  return LengthOf(&stream->write_queue) + LengthOf(&stream->write_completed_queue) +
         (stream->connect_req != nullptr ? 1 : 0) + (stream->shutdown_req != nullptr ? 1 : 0);
}

void SilenceOne(uv_handle_t* handle, void* argument) {
  if (uv_is_closing(handle)) return;  // it has let go of its descriptor, whose number may be somebody else's
  const auto* silencer = static_cast<Silencer*>(argument);
  uv__io_t* watcher = WatcherOf(handle);
  if (watcher != nullptr && watcher->fd >= 0 && watcher->fd <= STDERR_FILENO) return DropWrites(handle);
  if (handle->type == UV_ASYNC) uv_unref(handle);  // ports of Workers that do not live here, most of all
  const bool of_user = watcher != nullptr || handle->type == UV_PROCESS || handle->type == UV_FS_EVENT ||
                       handle->type == UV_FS_POLL || handle->type == UV_SIGNAL;
  if (!of_user) return;
  uv_unref(handle);
  if (handle->type == UV_SIGNAL) uv_signal_stop(reinterpret_cast<uv_signal_t*>(handle));
  if (handle->type == UV_FS_EVENT) uv_fs_event_stop(reinterpret_cast<uv_fs_event_t*>(handle));
  if (watcher == nullptr || watcher->fd < 0) return;
  Unwatch(silencer->loop, watcher);
  dup3(silencer->idle, watcher->fd, O_CLOEXEC);
}

}  // namespace

void ResumePlatformTasks(uv_loop_t* loop) {
  const auto resume = [](uv_handle_t* handle, void*) {
    auto* async = reinterpret_cast<uv_async_t*>(handle);
    if (handle->type == UV_ASYNC && reinterpret_cast<void*>(async->async_cb) == flush_tasks) uv_async_send(async);
  };
  if (flush_tasks != nullptr) uv_walk(loop, resume, nullptr);
}

void CountRequestsOfHandles(uv_loop_t* loop) {
  loop->active_reqs.count = 0;
  const auto add = [](uv_handle_t* handle, void* argument) {
    static_cast<uv_loop_t*>(argument)->active_reqs.count += static_cast<unsigned>(RequestsOf(handle));
  };
  uv_walk(loop, add, loop);
}

int SilenceHandles(uv_loop_t* loop) {
  // The other end stays open for as long as the child lives: nothing ever comes from it.
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return -errno;
  Silencer silencer{loop, pair[0]};
  uv_walk(loop, SilenceOne, &silencer);
  close(pair[0]);
  return 0;
}

}  // namespace posix_async::fork

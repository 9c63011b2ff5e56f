// Silence: the parent's handles are taken out of the child's loop, and an idle socket takes the place of their
// descriptors.
//
// What stopping or closing a handle does to what parent and child share, by type:
//   tcp, named pipe, udp, poll, tty   nothing to the object, which the idle socket replaces; a named pipe that listens
//                                     removes its path, so the path is forgotten; a tty gets its modes back, which an
//                                     idle socket has none of. Reads wait there for ever, writes fail with EPIPE
//   standard input                    stays open, as in C, but the parent's handle no longer reads from it
//   fs_event                          removes the watch from the shared inotify instance (child_loop.cc)
//   fs_poll                           nothing; but its timer is libuv's own, which uv_walk does not show
//   process                           nothing; but a later process may get its number, so the number is forgotten
//   signal                            sigaction(2), each process's own; a number in the shared pipe, which is renewed
//   timer, check, prepare, idle       nothing: they are the runtime's, and the program's are dropped in JavaScript
//   async                             nothing; the eventfd behind them is renewed
// What they have under way, and what is closing, calls nothing back any more (loop_phase.cc).
//
// The facts it rests on: uv_loop_fork watches anew what stands in loop->watchers, so what is taken out there before
// stays silent; the handle keeps its descriptor's number, which must therefore stay taken: dup2 of an idle socket onto
// it closes the parent's object in this process (what the C example does with close(server_sockfd)) and can be watched,
// written to and closed without harm, whatever the program still does with the handle. The fields used are those of the
// public uv.h, which libuv 1.x keeps. See: man 2 dup2.
#include "silence.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "program.h"

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

struct Silencer {
  uv_loop_t* loop;
  int idle;
  int error;
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

bool IsStream(const uv_handle_t* handle) { return handle->type == UV_TCP || handle->type == UV_NAMED_PIPE; }

bool IsOfProgram(uv_handle_t* handle) {
  return WatcherOf(handle) != nullptr || handle->type == UV_PROCESS || handle->type == UV_FS_EVENT ||
         handle->type == UV_FS_POLL || handle->type == UV_SIGNAL;
}

// The socket in the file system is the parent's.
void ForgetPath(uv_handle_t* handle) {
  if (handle->type == UV_NAMED_PIPE) reinterpret_cast<uv_pipe_t*>(handle)->pipe_fname = nullptr;
}

// No process has this number, and no exit is told.
void ForgetProcess(uv_process_t* process) {
  process->exit_cb = nullptr;
  process->pid = INT_MAX;
}

// What has no descriptor.
void Stop(uv_handle_t* handle) {
  if (handle->type == UV_SIGNAL) uv_signal_stop(reinterpret_cast<uv_signal_t*>(handle));
  if (handle->type == UV_FS_POLL) uv_fs_poll_stop(reinterpret_cast<uv_fs_poll_t*>(handle));
  if (handle->type == UV_PROCESS) ForgetProcess(reinterpret_cast<uv_process_t*>(handle));
}

// A number above a limit that was lowered since can't be given to anything: what has it is closed.
int GiveUp(int fd, int idle) {
  if (dup3(idle, fd, O_CLOEXEC) >= 0) return 0;
  return errno == EBADF && close(fd) == 0 ? 0 : -errno;
}

// How many streams of the parent's SilenceHandles has found.
int streams = 0;

// What comes on standard input is for the parent, which has begun to read it; a child may begin to read it, too: a
// stream that is not read keeps no child alive, and one that the child reads does.
void LeaveInput(Silencer* silencer, uv_handle_t* handle) {
  if (IsStream(handle) || handle->type == UV_TTY) {
    streams++;
    uv_read_stop(reinterpret_cast<uv_stream_t*>(handle));
  } else {
    uv_unref(handle);
  }
  Unwatch(silencer->loop, WatcherOf(handle));
}

void SilenceOne(uv_handle_t* handle, void* argument) {
  auto* silencer = static_cast<Silencer*>(argument);
  uv__io_t* watcher = WatcherOf(handle);
  if (uv_is_closing(handle)) return;  // it has let go of its descriptor, whose number may be another's
  ForgetPath(handle);
  if (watcher != nullptr && watcher->fd == STDIN_FILENO) return LeaveInput(silencer, handle);
  if (watcher != nullptr && watcher->fd > STDIN_FILENO && watcher->fd <= STDERR_FILENO) return;
  if (handle->type == UV_ASYNC) uv_unref(handle);  // ports of Workers that do not live here, most of all
  if (!IsOfProgram(handle)) return;
  uv_unref(handle);
  Stop(handle);
  if (watcher == nullptr || watcher->fd < 0) return;
  if (IsStream(handle)) streams++;
  Unwatch(silencer->loop, watcher);
  const int error = GiveUp(watcher->fd, silencer->idle);
  if (error != 0) silencer->error = error;
}

bool IsListenedTo(uv_loop_t* loop, int signal) {
  struct Search {
    int signal;
    bool found;
  } search{signal, false};
  const auto look = [](uv_handle_t* handle, void* argument) {
    auto* search = static_cast<Search*>(argument);
    if (handle->type == UV_SIGNAL && uv_is_active(handle))
      search->found |= reinterpret_cast<uv_signal_t*>(handle)->signum == search->signal;
  };
  uv_walk(loop, look, &search);
  return search.found;
}

// Node's handler of these two gives the terminal and the descriptors 0 to 2 the modes that they had at its start, and
// ends the process: a child that is ended would do so to its parent, with which it shares them. libuv's handler, which
// is there for listeners, has been taken away with them, or stays.
void EndAsUsual(uv_loop_t* loop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction present = {};
    if (sigaction(signal, nullptr, &present) != 0 || IsListenedTo(loop, signal)) continue;
    if (!IsRuntimeCode(reinterpret_cast<uintptr_t>(present.sa_sigaction))) continue;
    present = {};
    present.sa_handler = SIG_DFL;
    sigaction(signal, &present, nullptr);
  }
}

}  // namespace

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

void ResumePlatformTasks(uv_loop_t* loop) {
  const auto resume = [](uv_handle_t* handle, void*) {
    auto* async = reinterpret_cast<uv_async_t*>(handle);
    if (handle->type == UV_ASYNC && reinterpret_cast<void*>(async->async_cb) == flush_tasks) uv_async_send(async);
  };
  if (flush_tasks != nullptr) uv_walk(loop, resume, nullptr);
}

void KeepHandles(uv_loop_t* loop) {
  loop->active_reqs.count = 0;
  const auto keep = [](uv_handle_t* handle, void* argument) {
    static_cast<uv_loop_t*>(argument)->active_reqs.count += static_cast<unsigned>(RequestsOf(handle));
    ForgetPath(handle);
  };
  uv_walk(loop, keep, loop);
  EndAsUsual(loop);
}

void RefStreams(uv_loop_t* loop, bool referenced) {
  const auto set = [](uv_handle_t* handle, void* referenced) {
    if (!IsStream(handle) || uv_is_closing(handle)) return;
    const int fd = WatcherOf(handle)->fd;
    if (fd >= STDIN_FILENO && fd <= STDERR_FILENO) return;
    if (*static_cast<bool*>(referenced))
      uv_ref(handle);
    else
      uv_unref(handle);
  };
  uv_walk(loop, set, &referenced);
}

int SilencedStreams() { return streams; }

int SilenceHandles(uv_loop_t* loop, int idle) {
  streams = 0;
  Silencer silencer{loop, idle, 0};
  uv_walk(loop, SilenceOne, &silencer);
  EndAsUsual(loop);
  return silencer.error;
}

}  // namespace posix_async::fork

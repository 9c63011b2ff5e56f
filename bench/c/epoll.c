// The event server: one thread, level-triggered epoll, one read and one write a message. See: man 7 epoll
#include "common.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

enum { kMaxEvents = 256, kMaxDescriptors = 65536 };

// A request that waits for its reply: all wait equally long, so the first to come is the first to be due.
typedef struct {
  int fd;
  ssize_t size;
  uint64_t due;
  char text[kRequestSize];
} Thought;

static Thought thoughts[kMaxDescriptors];
static uint64_t first_thought, next_thought;
static uint64_t uploaded[kMaxDescriptors];

static uint64_t Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void Watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) Die("epoll_ctl");
}

static int BeginThought(int epoll, int fd) {
  Thought* const thought = &thoughts[next_thought % kMaxDescriptors];
  thought->fd = fd;
  thought->size = ReadSome(fd, thought->text, sizeof thought->text);
  thought->due = Now() + kThinkNanoseconds;
  if (thought->size <= 0) return 0;
  next_thought++;
  return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == 0;
}

static void EndThoughts(void) {
  for (; first_thought < next_thought; first_thought++) {
    const Thought* const thought = &thoughts[first_thought % kMaxDescriptors];
    if (thought->due > Now()) return;
    WriteAll(thought->fd, thought->text, (size_t)thought->size);
    close(thought->fd);
  }
}

static int ReceiveSome(int fd) {
  char data[kEchoSize];
  const ssize_t count = ReadSome(fd, data, sizeof data);
  if (count > 0) uploaded[fd] += (uint64_t)count;
  if (count == 0) ReplySize(fd, uploaded[fd]);
  return count > 0;
}

static int HandleData(int epoll, int fd, Handler handler) {
  if (handler == kThink) return BeginThought(epoll, fd);
  return handler == kUpload ? ReceiveSome(fd) : ServeOnce(fd, handler);
}

static void Handle(int epoll, int listener, int fd, Handler handler) {
  if (fd == listener) {
    const int client = Accept(listener);
    if (client < 0) return;
    if (client >= kMaxDescriptors) {
      close(client);
      return;
    }
    uploaded[client] = 0;
    Watch(epoll, client);
  } else if (!HandleData(epoll, fd, handler)) {
    close(fd);  // which also takes it out of the epoll set
  }
}

static int WaitForEvents(int epoll, struct epoll_event* events) {
  if (first_thought == next_thought) return epoll_wait(epoll, events, kMaxEvents, -1);
  const uint64_t due = thoughts[first_thought % kMaxDescriptors].due, now = Now();
  const struct timespec time = {.tv_nsec = due > now ? (long)(due - now) : 0};
  return (int)syscall(SYS_epoll_pwait2, epoll, events, kMaxEvents, &time, NULL, 0);
}

int main(int argc, char** argv) {
  Handler handler;
  const int listener = Start(argc, argv, &handler);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) Die("epoll_create1");
  if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0) Die("fcntl");  // its client may be gone before accept
  Watch(epoll, listener);
  struct epoll_event events[kMaxEvents];
  for (;;) {
    const int ready = WaitForEvents(epoll, events);
    if (ready < 0 && errno != EINTR) Die("epoll_wait");
    for (int i = 0; i < ready; i++) Handle(epoll, listener, events[i].data.fd, handler);
    EndThoughts();
  }
}

// The event server: one thread, level-triggered epoll, one read and one write a message. See: man 7 epoll
#include "common.h"

#include <fcntl.h>
#include <sys/epoll.h>

enum { kMaxEvents = 256 };

static void Watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) Die("epoll_ctl");
}

static void Handle(int epoll, int listener, int fd, Handler handler) {
  if (fd == listener) {
    const int client = Accept(listener);
    if (client >= 0) Watch(epoll, client);
  } else if (!ServeOnce(fd, handler)) {
    close(fd);  // which also takes it out of the epoll set
  }
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
    const int ready = epoll_wait(epoll, events, kMaxEvents, -1);
    if (ready < 0 && errno != EINTR) Die("epoll_wait");
    for (int i = 0; i < ready; i++) Handle(epoll, listener, events[i].data.fd, handler);
  }
}

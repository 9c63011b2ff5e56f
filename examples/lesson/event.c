/* The lesson's third server: one loop, which calls back for each descriptor that is ready. The same in TypeScript is
 * event.ts. */
#include <sys/epoll.h>

#include "listen.h"

struct watched {
  int fd;
  void (*callback)(struct watched*);
};

static int loop;

static void watch(int fd, void (*callback)(struct watched*)) {
  struct watched* one = malloc(sizeof *one);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  *one = (struct watched){fd, callback};
  must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void on_data(struct watched* one) {
  answer(one->fd); /* it is ready: this read does not wait */
  close(one->fd);  /* and it is watched no more */
  free(one);
}

static void on_connection(struct watched* one) { watch(must(accept(one->fd, NULL, NULL), "accept"), on_data); }

int main(int argc, char** argv) {
  struct epoll_event events[64];
  loop = must(epoll_create1(0), "epoll_create1");
  watch(listen_on(argc > 1 ? atoi(argv[1]) : 2999), on_connection);
  for (;;) {
    int ready = must(epoll_wait(loop, events, 64, -1), "epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct watched* one = events[i].data.ptr;
      one->callback(one);
    }
  }
}

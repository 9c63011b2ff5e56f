// The threading server with a pool: threads made before the first client, each accepting for itself. See: man 3
// pthread_create
#include "common.h"

#include <pthread.h>

enum { kThreads = 64 };

typedef struct {
  int listener;
  Handler handler;
} Work;

static void* Run(void* argument) {
  const Work* const work = argument;
  for (;;) {
    const int client = Accept(work->listener);
    Serve(client, work->handler);
    close(client);
  }
  return NULL;
}

int main(int argc, char** argv) {
  Work work;
  work.listener = Start(argc, argv, &work.handler);
  for (int i = 1; i < kThreads; i++) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, Run, &work);
    if (errno != 0) Die("pthread_create");
  }
  Run(&work);
}

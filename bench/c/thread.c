// The threading server: a detached thread a connection. See: man 3 pthread_create
#include "common.h"

#include <pthread.h>

typedef struct {
  int client;
  Handler handler;
} Work;

static void* Run(void* argument) {
  const Work work = *(Work*)argument;
  free(argument);
  Serve(work.client, work.handler);
  close(work.client);
  return NULL;
}

static int StartThread(int client, Handler handler) {
  Work* const work = malloc(sizeof *work);
  if (work == NULL) return ENOMEM;
  *work = (Work){client, handler};
  pthread_t thread;
  const int error = pthread_create(&thread, NULL, Run, work);
  if (error == 0) return pthread_detach(thread);
  free(work);
  return error;
}

int main(int argc, char** argv) {
  Handler handler;
  const int listener = Start(argc, argv, &handler);
  for (;;) {
    const int client = Accept(listener);
    const int error = StartThread(client, handler);
    if (error == 0) continue;
    fprintf(stderr, "pthread_create: %s\n", strerror(error));
    close(client);
  }
}

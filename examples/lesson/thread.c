/* The lesson's second server: a thread for each connection. As a program it is the server; as a shared object it gives
 * thread.ts its `serve`. */
#include <pthread.h>

#include "listen.h"

/* Begins a thread. Its argument is on the heap, because the loop's own variable is another connection's before this
 * thread reads it. */
void* serve(void* argument) {
  int client = *(int*)argument;
  free(argument);
  answer(client);
  close(client);
  return NULL;
}

int main(int argc, char** argv) {
  int listener = listen_on(argc > 1 ? atoi(argv[1]) : 2999);
  for (;;) {
    int* client = malloc(sizeof *client);
    pthread_t thread;
    *client = must(accept(listener, NULL, NULL), "accept");
    must(-pthread_create(&thread, NULL, serve, client), "pthread_create");
    pthread_detach(thread); /* nobody joins it: what it had is freed when it ends */
  }
}

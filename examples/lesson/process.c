/* The lesson's first server: a process for each connection. The same in TypeScript is process.ts. */
#include <sys/wait.h>

#include "listen.h"

int main(int argc, char** argv) {
  int listener = listen_on(argc > 1 ? atoi(argv[1]) : 2999);
  for (;;) {
    int client = must(accept(listener, NULL, NULL), "accept");
    if (must(fork(), "fork") == 0) { /* the child has a copy of everything, both descriptors included */
      close(listener);               /* or the port stays taken for as long as this child lives */
      answer(client);
      close(client);
      exit(0);
    }
    close(client); /* or the client never sees the end of the reply */
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    } /* or what is left of each child stays: a zombie */
  }
}

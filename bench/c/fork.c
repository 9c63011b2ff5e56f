// The forking server: a child process a connection. See: man 2 fork
#include "common.h"

#include <sys/wait.h>

static void Reap(int signal_number) {
  (void)signal_number;
  const int saved = errno;
  while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  errno = saved;
}

static void ReapChildren(void) {
  struct sigaction action = {.sa_handler = Reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGCHLD, &action, NULL) < 0) Die("sigaction");
}

static void Child(int listener, int client, Handler handler) {
  close(listener);
  Serve(client, handler);
  close(client);
  exit(0);
}

int main(int argc, char** argv) {
  Handler handler;
  ReapChildren();
  const int listener = Start(argc, argv, &handler);
  for (;;) {
    const int client = Accept(listener);
    const pid_t pid = fork();
    if (pid == 0) Child(listener, client, handler);
    if (pid < 0) perror("fork");
    close(client);
  }
}

// The preforking server: a process a core, made before the first client, each accepting for itself. See: man 2 fork
#include "common.h"

#include <sched.h>
#include <sys/wait.h>

// The processors that this process may use, as os.availableParallelism() counts them.
static int Processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) < 0) Die("sched_getaffinity");
  return CPU_COUNT(&set);
}

static void Work(int listener, Handler handler) {
  for (;;) {
    const int client = Accept(listener);
    Serve(client, handler);
    close(client);
  }
}

// A worker dies with its master, which may have died meanwhile.
static void StartWorker(int listener, Handler handler) {
  const pid_t master = getpid(), pid = fork();
  if (pid < 0) Die("fork");
  if (pid > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != master) exit(0);
  Work(listener, handler);
}

int main(int argc, char** argv) {
  Handler handler;
  const int listener = Start(argc, argv, &handler);
  const int workers = Processors();
  for (int i = 0; i < workers; i++) StartWorker(listener, handler);
  while (wait(NULL) > 0) StartWorker(listener, handler);  // the place of one that died is taken by another
  Die("wait");
}

// What a fork costs a process that holds so much memory: fork-cost MIB COUNT prints microseconds, one line a cycle of
// fork, _exit in the child, and waitpid. See: man 2 fork
#include "common.h"

#include <sys/mman.h>
#include <sys/wait.h>

static double Microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

// Memory each page of which was written to, as a heap's are.
static void Fill(size_t size) {
  char* const memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Die("mmap");
  memset(memory, 1, size);
}

static void Cycle(void) {
  const pid_t pid = fork();
  if (pid < 0) Die("fork");
  if (pid == 0) _exit(0);
  if (waitpid(pid, NULL, 0) < 0) Die("waitpid");
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s MIB COUNT\n", argv[0]);
    return 2;
  }
  Fill((size_t)atol(argv[1]) << 20);
  for (long i = atol(argv[2]); i > 0; i--) {
    const double began = Microseconds();
    Cycle();
    printf("%.1f\n", Microseconds() - began);
  }
}

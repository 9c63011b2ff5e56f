// Asks the kernel for an io_uring and says what it answered: 0, or the errno. See: man 2 io_uring_setup
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

int main(void) {
  char parameters[120] = {0};  // struct io_uring_params, which old headers lack
  const long ring = syscall(SYS_io_uring_setup, 1, parameters);
  printf("%d\n", ring < 0 ? errno : 0);
  return 0;
}

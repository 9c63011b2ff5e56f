// What /proc/self/task/TID/syscall says: "running", or the number, the six arguments, the stack pointer and the program
// counter, hexadecimal but for the number. A thread that is blocked elsewhere than in a call has the number -1. See:
// man 5 proc_pid_syscall.
#include "call_look.h"

#include <cstdlib>
#include <iterator>

#include "tasks.h"

namespace posix_async::fork {

CallLook LookAtCall(pid_t tid) {
  char text[256];
  CallLook look;
  if (ReadTaskFile(tid, "syscall", text, sizeof text) <= 0) return {};
  char* at = nullptr;
  look.number = strtol(text, &at, 10);
  if (at == text || look.number < 0) return {};
  for (long& argument : look.arguments) argument = static_cast<long>(strtoul(at, &at, 16));
  look.stack_pointer = strtoul(at, &at, 16);
  look.program_counter = strtoul(at, &at, 16);
  return look.program_counter == 0 ? CallLook{} : look;
}

}  // namespace posix_async::fork

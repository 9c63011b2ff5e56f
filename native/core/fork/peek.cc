// Memory that may not be there, read through the kernel.
//
// The facts it rests on: process_vm_readv(2) copies from this process too, and gives EFAULT. Filters of system calls
// refuse it in places (Docker's, for one). There rt_sigprocmask(2) tells: it reads its eight bytes before it looks at
// what to do with them, and nothing is to be done by a number that means nothing. Memory that it could read a moment
// ago is copied then; no other thread takes the memory away that is looked at here (V8's heap on its own thread, stacks
// of threads that stand still). See: man 2 process_vm_readv, rt_sigprocmask.
#include "peek.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace posix_async::fork {
namespace {

constexpr size_t kPage = 4096;  // or a part of one
constexpr size_t kWord = 8;
constexpr int kNothing = -1;  // none of SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK

bool HasWord(uintptr_t at) {
  return syscall(SYS_rt_sigprocmask, kNothing, at & ~(kWord - 1), nullptr, kWord) == 0 || errno == EINVAL;
}

// What is no address at all may be any number; by 0 the call is told that there is nothing to read.
bool IsThere(uintptr_t address, size_t size) {
  if (address < kPage || address + size < address) return false;
  for (uintptr_t at = address; at < address + size; at = (at & ~(kPage - 1)) + kPage)
    if (!HasWord(at)) return false;
  return true;
}

// Sanitizers know of memory that is not the program's business, and it is read nevertheless.
__attribute__((no_sanitize("address", "thread"))) void Copy(uintptr_t address, void* into, size_t size) {
  auto* to = static_cast<volatile char*>(into);
  const auto* from = reinterpret_cast<const volatile char*>(address);
  for (size_t i = 0; i < size; i++) to[i] = from[i];
}

size_t CopyEach(const iovec* places, size_t count, char* into) {
  size_t done = 0;
  for (size_t i = 0; i < count; i++) {
    const auto address = reinterpret_cast<uintptr_t>(places[i].iov_base);
    if (!IsThere(address, places[i].iov_len)) break;
    Copy(address, into + done, places[i].iov_len);
    done += places[i].iov_len;
  }
  return done;
}

}  // namespace

size_t PeekEach(const iovec* places, size_t count, void* into) {
  size_t wanted = 0;
  for (size_t i = 0; i < count; i++) wanted += places[i].iov_len;
  const iovec here = {into, wanted};
  const int saved_errno = errno;
  const ssize_t size = process_vm_readv(getpid(), &here, 1, places, count, 0);
  const bool is_refused = size < 0 && errno != EFAULT;
  const size_t copied = is_refused ? CopyEach(places, count, static_cast<char*>(into)) : std::max<ssize_t>(size, 0);
  errno = saved_errno;
  return copied;
}

bool Peek(uintptr_t address, void* into, size_t size) {
  const iovec place = {reinterpret_cast<void*>(address), size};
  return PeekEach(&place, 1, into) == size;
}

}  // namespace posix_async::fork

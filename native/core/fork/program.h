// Where libuv's and the C library's code and data lie.
#ifndef POSIX_ASYNC_CORE_FORK_PROGRAM_H_
#define POSIX_ASYNC_CORE_FORK_PROGRAM_H_

#include <cstddef>
#include <cstdint>

namespace posix_async::fork {

struct Range {
  uintptr_t from = 0, to = 0;
  bool Has(uintptr_t address) const { return address >= from && address < to; }
};

struct Segments {
  Range code, data;
};

// Before threads are parked: what was loaded since the last look is known.
void LookAtLoaded();

// Looked up the first time, which must not be while threads are parked. The program is the object that libuv is in:
// Node itself, or a library where a distribution has it so.
const Segments& TheProgram();
const Segments& TheLibrary();

// Does code of the program or of a library (of those loaded by the last look) stand there?
bool IsNativeCode(uintptr_t address);

// Of Node, V8 or libuv, wherever these are?
bool IsRuntimeCode(uintptr_t address);

// Of this addon?
bool IsOwnCode(uintptr_t address);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PROGRAM_H_

// Terminals and pseudo terminals: termios.h, pty.h. See: man 3 termios, openpty, ptsname, tcgetpgrp; man 4 pts.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "binding.h"
#include "core/base/unique_fd.h"

namespace posix_async {
namespace {

constexpr size_t kFlags = 6;  // input, output, control, local; speeds of input and output

// `flags` takes them, `characters` the control characters.
int Tcgetattr(int fd, Room<uint32_t, kFlags> flags, Room<uint8_t, NCCS> characters) {
  termios state{};
  const int result = Result([&] { return tcgetattr(fd, &state); });
  if (result < 0) return result;
  const uint32_t all[] = {state.c_iflag, state.c_oflag, state.c_cflag, state.c_lflag, state.c_ispeed, state.c_ospeed};
  std::copy(std::begin(all), std::end(all), flags.data);
  std::copy(std::begin(state.c_cc), std::end(state.c_cc), characters.data);
  return 0;
}

termios ToTermios(const Room<uint32_t, kFlags>& flags, const Room<uint8_t, NCCS>& characters) {
  termios state{};
  state.c_iflag = flags[0];
  state.c_oflag = flags[1];
  state.c_cflag = flags[2];
  state.c_lflag = flags[3];
  state.c_ispeed = flags[4];
  state.c_ospeed = flags[5];
  std::copy_n(characters.data, NCCS, state.c_cc);
  return state;
}

int Tcsetattr(int fd, int actions, Room<uint32_t, kFlags> flags, Room<uint8_t, NCCS> characters) {
  const termios state = ToTermios(flags, characters);
  return Retry([&] { return tcsetattr(fd, actions, &state); });
}

// Changes what it is given.
void Cfmakeraw(Room<uint32_t, kFlags> flags, Room<uint8_t, NCCS> characters) {
  termios state = ToTermios(flags, characters);
  cfmakeraw(&state);
  flags[0] = state.c_iflag;
  flags[1] = state.c_oflag;
  flags[2] = state.c_cflag;
  flags[3] = state.c_lflag;
  std::copy_n(state.c_cc, NCCS, characters.data);
}

int Tcdrain(int fd) {
  return Retry([&] { return tcdrain(fd); });
}

// Both descriptors into `pair`: the master and the user's side. A terminal of another mount namespace has no name here,
// so the user's side is asked for by the master. See: man 2 ioctl_tty, TIOCGPTPEER.
int Openpty(Room<int, 2> pair) {
  UniqueFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master.valid()) return -errno;
  if (grantpt(master.get()) < 0 || unlockpt(master.get()) < 0) return -errno;
  const int user = ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (user < 0) return -errno;
  pair[0] = master.Release();
  pair[1] = user;
  return 0;
}

std::string Ptsname(int fd) {
  char name[64] = "";
  return ptsname_r(fd, name, sizeof(name)) == 0 ? name : "";
}

}  // namespace

void RegisterTerminal(Exports& exports) {
  exports.Function<&Tcgetattr>("tcgetattr");
  exports.Function<&Tcsetattr>("tcsetattr");
  exports.Function<&Cfmakeraw>("cfmakeraw");
  exports.Function<&Tcdrain>("tcdrain");
  exports.Syscall<&::tcflush>("tcflush");
  exports.Syscall<&::tcflow>("tcflow");
  exports.Syscall<&::tcsendbreak>("tcsendbreak");
  exports.Syscall<&::tcgetpgrp>("tcgetpgrp");
  exports.Syscall<&::tcsetpgrp>("tcsetpgrp");
  exports.Function<&Openpty>("openpty");
  exports.Function<&Ptsname>("ptsname");

  POSIX_ASYNC_CONSTANT(exports, BRKINT);
  POSIX_ASYNC_CONSTANT(exports, CREAD);
  POSIX_ASYNC_CONSTANT(exports, CS8);
  POSIX_ASYNC_CONSTANT(exports, CSIZE);
  POSIX_ASYNC_CONSTANT(exports, ECHO);
  POSIX_ASYNC_CONSTANT(exports, ECHOE);
  POSIX_ASYNC_CONSTANT(exports, ECHOK);
  POSIX_ASYNC_CONSTANT(exports, ECHONL);
  POSIX_ASYNC_CONSTANT(exports, ICANON);
  POSIX_ASYNC_CONSTANT(exports, ICRNL);
  POSIX_ASYNC_CONSTANT(exports, IEXTEN);
  POSIX_ASYNC_CONSTANT(exports, IGNBRK);
  POSIX_ASYNC_CONSTANT(exports, IGNCR);
  POSIX_ASYNC_CONSTANT(exports, INLCR);
  POSIX_ASYNC_CONSTANT(exports, INPCK);
  POSIX_ASYNC_CONSTANT(exports, ISIG);
  POSIX_ASYNC_CONSTANT(exports, ISTRIP);
  POSIX_ASYNC_CONSTANT(exports, IXOFF);
  POSIX_ASYNC_CONSTANT(exports, IXON);
  POSIX_ASYNC_CONSTANT(exports, NCCS);
  POSIX_ASYNC_CONSTANT(exports, NOFLSH);
  POSIX_ASYNC_CONSTANT(exports, ONLCR);
  POSIX_ASYNC_CONSTANT(exports, OPOST);
  POSIX_ASYNC_CONSTANT(exports, PARENB);
  POSIX_ASYNC_CONSTANT(exports, TCIFLUSH);
  POSIX_ASYNC_CONSTANT(exports, TCIOFF);
  POSIX_ASYNC_CONSTANT(exports, TCIOFLUSH);
  POSIX_ASYNC_CONSTANT(exports, TCION);
  POSIX_ASYNC_CONSTANT(exports, TCOFLUSH);
  POSIX_ASYNC_CONSTANT(exports, TCOOFF);
  POSIX_ASYNC_CONSTANT(exports, TCOON);
  POSIX_ASYNC_CONSTANT(exports, TCSADRAIN);
  POSIX_ASYNC_CONSTANT(exports, TCSAFLUSH);
  POSIX_ASYNC_CONSTANT(exports, TCSANOW);
  POSIX_ASYNC_CONSTANT(exports, TOSTOP);
  POSIX_ASYNC_CONSTANT(exports, VEOF);
  POSIX_ASYNC_CONSTANT(exports, VERASE);
  POSIX_ASYNC_CONSTANT(exports, VINTR);
  POSIX_ASYNC_CONSTANT(exports, VKILL);
  POSIX_ASYNC_CONSTANT(exports, VMIN);
  POSIX_ASYNC_CONSTANT(exports, VQUIT);
  POSIX_ASYNC_CONSTANT(exports, VSTART);
  POSIX_ASYNC_CONSTANT(exports, VSTOP);
  POSIX_ASYNC_CONSTANT(exports, VSUSP);
  POSIX_ASYNC_CONSTANT(exports, VTIME);
}

}  // namespace posix_async

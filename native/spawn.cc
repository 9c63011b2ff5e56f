// Programs: spawn.h, and exec of unistd.h. See: man 3 posix_spawn, posix_spawn_file_actions_addopen,
// posix_spawnattr_setflags; man 2 execve; man 3 exec, fexecve.
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "binding.h"
#include "core/base/signal_mask.h"

namespace posix_async {
namespace {

// Strings that each end with a NUL, one after the other, as C's list of pointers.
std::vector<char*> ToList(const Bytes& strings) {
  std::vector<char*> list;
  auto* const text = reinterpret_cast<char*>(strings.data);
  for (size_t at = 0; at < strings.size; at++) {
    list.push_back(text + at);
    while (at < strings.size && text[at] != '\0') at++;
  }
  list.push_back(nullptr);
  return list;
}

// Each of them is ended: there is nothing behind the last.
bool IsEnded(const Bytes& strings) { return strings.size == 0 || strings.data[strings.size - 1] == 0; }

enum Action { kClose, kDup2, kOpen, kChdir, kFchdir };

class Actions {
 public:
  Actions() { posix_spawn_file_actions_init(&actions_); }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  // Four numbers an action: its kind, and two descriptors, or one, flags and mode; `names` has the paths in order.
  int Fill(const Many<int>& numbers, const std::vector<char*>& names) {
    size_t name = 0;
    for (size_t at = 0; at + 4 <= numbers.count; at += 4) {
      const int* of = numbers.data + at;
      const bool named = of[0] == kOpen || of[0] == kChdir;
      if (named && name + 1 >= names.size()) return EINVAL;
      if (const int error = Add(of, named ? names[name++] : nullptr); error != 0) return error;
    }
    return 0;
  }

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  int Add(const int* of, const char* name) {
    switch (of[0]) {
      case kClose:
        return posix_spawn_file_actions_addclose(&actions_, of[1]);
      case kDup2:
        return posix_spawn_file_actions_adddup2(&actions_, of[1], of[2]);
      case kOpen:
        return posix_spawn_file_actions_addopen(&actions_, of[1], name, of[2], static_cast<mode_t>(of[3]));
      case kChdir:
        return posix_spawn_file_actions_addchdir_np(&actions_, name);
      case kFchdir:
        return posix_spawn_file_actions_addfchdir_np(&actions_, of[1]);
      default:
        return EINVAL;
    }
  }

  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  // `numbers` has the flags and the process group; the sets count with their flags.
  Attributes(const Room<int, 2>& numbers, const Room<uint64_t, 2>& sets) {
    posix_spawnattr_init(&attributes_);
    const sigset_t mask = ToSigset(sets[0]), defaults = ToSigset(sets[1]);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(numbers[0]));
    posix_spawnattr_setpgroup(&attributes_, numbers[1]);
    posix_spawnattr_setsigmask(&attributes_, &mask);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// The child's number, or -errno: also of the execution itself, and of an action.
int PosixSpawn(Path path, bool searches, Many<int> actions, Bytes names, Room<int, 2> attributes,
               Room<uint64_t, 2> sets, Bytes argv, Bytes envp) {
  if (!IsEnded(names) || !IsEnded(argv) || !IsEnded(envp)) return -EINVAL;
  Actions all;
  if (const int error = all.Fill(actions, ToList(names)); error != 0) return -error;
  const Attributes with(attributes, sets);
  const std::vector<char*> arguments = ToList(argv), environment = ToList(envp);
  auto* const spawn = searches ? &posix_spawnp : &posix_spawn;
  pid_t pid = 0;
  const int error = spawn(&pid, path.c_str(), all.get(), with.get(), arguments.data(), environment.data());
  return error != 0 ? -error : pid;
}

// Node ignores SIGPIPE, which programs do not expect and exec would keep.
template <typename Call>
int Executing(Call call) {
  struct sigaction usual {
  }, before{};
  usual.sa_handler = SIG_DFL;
  sigaction(SIGPIPE, &usual, &before);
  call();
  const int error = errno;
  sigaction(SIGPIPE, &before, nullptr);
  return -error;
}

int Execve(Path path, bool searches, Bytes argv, Bytes envp) {
  if (!IsEnded(argv) || !IsEnded(envp)) return -EINVAL;
  const std::vector<char*> arguments = ToList(argv), environment = ToList(envp);
  auto* const execute = searches ? &execvpe : &execve;
  return Executing([&] { execute(path.c_str(), arguments.data(), environment.data()); });
}

int Fexecve(int fd, Bytes argv, Bytes envp) {
  if (!IsEnded(argv) || !IsEnded(envp)) return -EINVAL;
  const std::vector<char*> arguments = ToList(argv), environment = ToList(envp);
  return Executing([&] { fexecve(fd, arguments.data(), environment.data()); });
}

}  // namespace

void RegisterSpawn(Exports& exports) {
  exports.Function<&PosixSpawn>("posix_spawn");
  exports.Function<&Execve>("execve");
  exports.Function<&Fexecve>("fexecve");

  POSIX_ASYNC_CONSTANT(exports, POSIX_SPAWN_RESETIDS);
  POSIX_ASYNC_CONSTANT(exports, POSIX_SPAWN_SETPGROUP);
  POSIX_ASYNC_CONSTANT(exports, POSIX_SPAWN_SETSIGDEF);
  POSIX_ASYNC_CONSTANT(exports, POSIX_SPAWN_SETSIGMASK);
#ifdef POSIX_SPAWN_SETSID
  POSIX_ASYNC_CONSTANT(exports, POSIX_SPAWN_SETSID);
#endif
}

}  // namespace posix_async

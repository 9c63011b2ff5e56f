// io_uring: JavaScript writes entries into memory of its own, one call hands over many, and their completions come back
// in batches. The thread of the environment that made the ring. See: ring_loop.h, man 7 io_uring
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <memory>

#include "binding.h"
#include "loop/after_fork.h"
#include "loop/env_data.h"
#include "loop/ring_loop.h"
#include "pinned_memory.h"

namespace posix_async {
namespace {

using Handle = Napi::External<RingLoop>;

constexpr size_t kBufferRingArgument = 40;  // struct io_uring_buf_reg

void Release(RingLoop* ring) { ring->Release(); }

// The ring, or a negative errno.
napi_value Create(Napi::Env env, unsigned entries, unsigned completions, Napi::Object words, Napi::Function batch) {
  auto loop = std::make_unique<RingLoop>(env);
  if (const int error = loop->Open({entries, completions}, words, batch)) return NumberOf(env, error);
  return HandleOf<RingLoop, Release>(env, loop.release());
}

int Submit(Handle handle, unsigned count) { return handle.Data()->open() ? handle.Data()->Submit(count) : -EBADF; }

void Close(Handle handle) { handle.Data()->Shut(); }

// How many bytes the argument of io_uring_register(2) has that the kernel reads.
size_t ArgumentSize(unsigned operation, unsigned count) {
  switch (operation) {
    case IORING_REGISTER_BUFFERS:
      return count * sizeof(iovec);
    case IORING_REGISTER_FILES:
      return count * sizeof(int);
    case kRegisterBufferRing:
    case kUnregisterBufferRing:
      return kBufferRingArgument;
    default:
      return 0;
  }
}

// io_uring_register(2) with an argument at the beginning of pinned memory, or none.
int Register(Handle handle, unsigned operation, Napi::Value memory, unsigned count) {
  if (!handle.Data()->open()) return -EBADF;
  const Bytes argument = PinnedBytes(handle.Env(), memory);
  if (argument.size < ArgumentSize(operation, count)) return -EFAULT;
  return handle.Data()->core().Register(operation, argument.data, count);
}

// One byte an operation: whether the kernel has it.
int Probe(Handle handle, Bytes can) {
  if (!handle.Data()->open()) return -EBADF;
  RingProbe probe;
  const int error = probe.Ask(handle.Data()->core());
  for (size_t i = 0; i < can.size && i < sizeof probe.can; i++) can.data[i] = probe.can[i];
  return error;
}

// The child closes the parent's rings; their operations go on in the parent.
const AfterFork after_fork(ChildStep::kRings, [](napi_env env) {
  const Rings* rings = FindEnvData<Rings>(env);
  if (rings == nullptr) return;
  auto forgotten = rings->open;
  for (RingLoop* ring : forgotten) ring->Forget();
});

}  // namespace

void RegisterIoUring(Exports& exports) {
  exports.Function<&Create>("ringCreate");
  exports.Function<&Submit>("ringSubmit");
  exports.Function<&Close>("ringClose");
  exports.Function<&Register>("ringRegister");
  exports.Function<&Probe>("ringProbe");

  POSIX_ASYNC_CONSTANT(exports, AT_EMPTY_PATH);
  POSIX_ASYNC_CONSTANT(exports, AT_FDCWD);
  POSIX_ASYNC_CONSTANT(exports, AT_SYMLINK_NOFOLLOW);
  POSIX_ASYNC_CONSTANT(exports, STATX_BASIC_STATS);
  POSIX_ASYNC_CONSTANT(exports, STATX_BTIME);
  POSIX_ASYNC_CONSTANT(exports, IORING_CQE_F_BUFFER);
  POSIX_ASYNC_CONSTANT(exports, IORING_CQE_F_MORE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_ACCEPT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_ASYNC_CANCEL);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_CLOSE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_CONNECT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_FSYNC);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_LINK_TIMEOUT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_NOP);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_OPENAT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_POLL_ADD);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_READ);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_READV);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_READ_FIXED);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_RECV);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_RECVMSG);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SEND);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SENDMSG);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SHUTDOWN);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_SPLICE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_STATX);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_TIMEOUT);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_WRITE);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_WRITEV);
  POSIX_ASYNC_CONSTANT(exports, IORING_OP_WRITE_FIXED);
  POSIX_ASYNC_CONSTANT(exports, IORING_REGISTER_BUFFERS);
  POSIX_ASYNC_CONSTANT(exports, IORING_REGISTER_FILES);
  POSIX_ASYNC_CONSTANT(exports, IORING_TIMEOUT_ABS);
  POSIX_ASYNC_CONSTANT(exports, IORING_UNREGISTER_BUFFERS);
  POSIX_ASYNC_CONSTANT(exports, IORING_UNREGISTER_FILES);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_BUFFER_SELECT);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_FIXED_FILE);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_IO_DRAIN);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_IO_HARDLINK);
  POSIX_ASYNC_CONSTANT(exports, IOSQE_IO_LINK);
  exports.Constant("IORING_ACCEPT_MULTISHOT", kAcceptMultishot);
  exports.Constant("IORING_RECV_MULTISHOT", kRecvMultishot);
  exports.Constant("IORING_REGISTER_PBUF_RING", kRegisterBufferRing);
  exports.Constant("IORING_UNREGISTER_PBUF_RING", kUnregisterBufferRing);
}

}  // namespace posix_async

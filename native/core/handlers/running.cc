// A native handler at work for one server, and the blocking loop that runs its event form. See: man 2 read, write.
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "handler.h"

namespace posix_async {
namespace {

constexpr size_t kReadSize = 16 * 1024;  // on the stack of the connection's thread
constexpr size_t kSmallState = 256;

// The writer of the event form on a blocking socket: all of it, at once.
struct BlockingWriter : posix_async_writer {
  int fd;
  const posix_async_context* context;
};

int WriteAll(posix_async_writer* writer, const void* data, size_t length) {
  const auto* self = static_cast<BlockingWriter*>(writer);
  return posix_async_write_all(self->context, self->fd, data, length);
}

// The connection's own bytes, on the stack where they are few.
class State {
 public:
  explicit State(size_t size) : memory_(size <= kSmallState ? small_ : calloc(1, size)) {}
  ~State() {
    if (memory_ != small_) free(memory_);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void* get() const { return memory_; }

 private:
  alignas(std::max_align_t) char small_[kSmallState] = {};
  void* memory_;
};

// Delivers data until the client or the handler ends: 0 or -errno.
int Deliver(const Handler& handler, void* state, const posix_async_context& context, BlockingWriter* writer) {
  char data[kReadSize];
  for (;;) {
    const ssize_t got = posix_async_read(&context, writer->fd, data, sizeof data);
    if (got < 0) return static_cast<int>(got);
    if (got == 0) return handler.on_end ? handler.on_end(state, &context, writer) : POSIX_ASYNC_END;
    const int next = handler.on_data(state, &context, data, static_cast<size_t>(got), writer);
    if (next != POSIX_ASYNC_CONTINUE) return next;
  }
}

}  // namespace

// Never destroyed: threads may outlive main's static objects.
HandleTable<RunningHandler>& Running() {
  static auto* running = new HandleTable<RunningHandler>;
  return *running;
}

std::shared_ptr<RunningHandler> RunningHandler::Start(const Handler* handler, int* error) {
  *error = -ENOMEM;
  auto running = std::shared_ptr<RunningHandler>(new (std::nothrow) RunningHandler(handler));
  void* page = mmap(nullptr, sizeof(posix_async_counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!running || page == MAP_FAILED) return nullptr;
  running->context_.size = sizeof(posix_async_context);
  running->context_.counters = static_cast<posix_async_counters*>(page);
  *error = handler->start ? handler->start(&running->context_.user) : 0;
  if (*error < 0) return nullptr;
  running->started_ = true;
  return running;
}

RunningHandler::~RunningHandler() {
  if (started_ && handler_->stop) handler_->stop(context_.user);
  if (context_.counters != nullptr) munmap(context_.counters, sizeof(posix_async_counters));
}

int RunningHandler::Serve(int fd) const {
  if (handler_->serve) return handler_->serve(fd, &context_);
  return ServeEvents(fd);
}

int RunningHandler::ServeEvents(int fd) const {
  const State state(handler_->state_size);
  if (state.get() == nullptr) return -ENOMEM;
  BlockingWriter writer{};
  writer.write = WriteAll;
  writer.fd = fd;
  writer.context = &context_;
  const int end = Deliver(*handler_, state.get(), context_, &writer);
  if (handler_->on_close) handler_->on_close(state.get(), &context_);
  return end < 0 ? end : 0;
}

}  // namespace posix_async

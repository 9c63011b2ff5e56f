// The handler "upload" in native code, for every model: everything is read, and its size is the reply.
#include <inttypes.h>
#include <posix_async.h>
#include <stdio.h>

static int Serve(int fd, const struct posix_async_context* context) {
  char data[65536], reply[32];
  uint64_t size = 0;
  ssize_t got;
  while ((got = posix_async_read(context, fd, data, sizeof data)) > 0) size += (uint64_t)got;
  if (got < 0) return (int)got;
  return posix_async_write_all(context, fd, reply, (size_t)snprintf(reply, sizeof reply, "%" PRIu64, size));
}

static int OnData(void* state, const struct posix_async_context* context, const void* data, size_t length,
                  struct posix_async_writer* writer) {
  (void)context, (void)data, (void)writer;
  *(uint64_t*)state += length;
  return POSIX_ASYNC_CONTINUE;
}

static int OnEnd(void* state, const struct posix_async_context* context, struct posix_async_writer* writer) {
  (void)context;
  char reply[32];
  const int error = writer->write(writer, reply, (size_t)snprintf(reply, sizeof reply, "%" PRIu64, *(uint64_t*)state));
  return error < 0 ? error : POSIX_ASYNC_END;
}

POSIX_ASYNC_EXPORT const struct posix_async_handler posix_async_handler = {
    POSIX_ASYNC_HANDLER_HEAD("upload"),
    .serve = Serve,
    .state_size = sizeof(uint64_t),
    .on_data = OnData,
    .on_end = OnEnd,
};

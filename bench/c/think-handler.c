// The handler "think" in native code, for the models that give it a thread or a process: the request goes back after 10
// ms.
#include <posix_async.h>
#include <time.h>

static int Serve(int fd, const struct posix_async_context* context) {
  static const struct timespec kTime = {.tv_nsec = 10000000};
  char text[256];
  const ssize_t got = posix_async_read(context, fd, text, sizeof text);
  if (got <= 0) return (int)got;
  nanosleep(&kTime, NULL);
  return posix_async_write_all(context, fd, text, (size_t)got);
}

POSIX_ASYNC_EXPORT const struct posix_async_handler posix_async_handler = {
    POSIX_ASYNC_HANDLER_HEAD("think"),
    .serve = Serve,
};

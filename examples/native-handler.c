/* A native handler of one's own, in both forms: it answers in capitals, never enters JavaScript, and serves every
 * model.
 *
 *   cc -O2 -shared -fPIC -I include -o upper.so examples/native-handler.c
 *
 * and then `await threadServer({ port: 2999 }, native('./upper.so'))`, or forkServer, eventServer, syncServer. */
#include <ctype.h>
#include <posix_async.h>
#include <stdlib.h>

struct shared {
  unsigned long clients; /* of all threads together */
};

static int start(void **user) {
  *user = calloc(1, sizeof(struct shared));
  return *user ? 0 : -ENOMEM;
}

static void stop(void *user) { free(user); }

static void upper(char *text, size_t length) {
  for (size_t i = 0; i < length; i++) text[i] = (char)toupper((unsigned char)text[i]);
}

/* A thread or a process to itself: plain blocking reads and writes. */
static int serve(int fd, const struct posix_async_context *context) {
  struct shared *shared = context->user;
  __atomic_fetch_add(&shared->clients, 1, __ATOMIC_RELAXED);
  char text[4096];
  for (;;) {
    const ssize_t got = posix_async_read(context, fd, text, sizeof text);
    if (got <= 0) return (int)got;
    upper(text, (size_t)got);
    const int error = posix_async_write_all(context, fd, text, (size_t)got);
    if (error < 0) return error;
  }
}

/* One thread for all clients: what has arrived is answered at once. */
static int on_data(void *state, const struct posix_async_context *context, const void *data, size_t length,
                   struct posix_async_writer *writer) {
  (void)state, (void)context;
  const char *next = data;
  char text[4096];
  while (length > 0) {
    const size_t part = length < sizeof text ? length : sizeof text;
    for (size_t i = 0; i < part; i++) text[i] = next[i];
    upper(text, part);
    const int error = writer->write(writer, text, part);
    if (error < 0) return error;
    next += part;
    length -= part;
  }
  return POSIX_ASYNC_CONTINUE;
}

POSIX_ASYNC_EXPORT const struct posix_async_handler posix_async_handler = {
    POSIX_ASYNC_HANDLER_HEAD("upper"), .start = start, .stop = stop, .serve = serve, .on_data = on_data,
};

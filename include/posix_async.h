/*
 * posix_async.h: handlers in C or C++ for the servers of posix-async, run without ever entering JavaScript.
 *
 * A shared object exports one constant named `posix_async_handler` (examples/native-handler.c), compiled by
 *
 *     cc -O2 -shared -fPIC -o upper.so upper.c -I node_modules/posix-async/include
 *
 * and a server takes it by its path: `threadServer({ port: 2999 }, native('./upper.so'))`.
 *
 * There are two forms, and a handler may have either or both:
 *
 *   serve    blocking: called once a connection, on a thread or in a process of the connection's own. It reads and
 * writes `fd` until it has done. Used by syncServer, forkServer and threadServer. on_data  event: called with bytes
 * that have arrived; it must not block. Used by eventServer, and by the three others too where `serve` is missing. So a
 * handler that has on_data alone serves every model.
 *
 * Every function may be called on any thread and by several threads at the same time, save that the calls for one
 * connection come one after another. What connections share goes into `user` and needs locks or atomics of its own.
 */
#ifndef POSIX_ASYNC_H
#define POSIX_ASYNC_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this interface. A library with another one is refused; new members are only ever appended to the structs.
 */
#define POSIX_ASYNC_ABI 1

/* Bytes moved on all connections of one server, in all its threads and child processes: server.stats() reports them.
 * Add to them with posix_async_count_in and posix_async_count_out, never by hand. */
struct posix_async_counters {
  uint64_t bytes_in;
  uint64_t bytes_out;
};

/* What a handler is told about the server that calls it. The same for all connections of that server. */
struct posix_async_context {
  uint32_t size;                         /* sizeof this struct in the server: members beyond it do not exist */
  uint32_t reserved;                     /* 0 */
  void *user;                            /* what `start` stored */
  struct posix_async_counters *counters; /* never NULL */
};

/* Where the event form sends its reply to: only until the call that was given it returns. */
struct posix_async_writer {
  /* Takes all `length` bytes, now or queued (the memory is the caller's again on return), and returns 0; or -errno
   * where the connection is broken; `state` stays until the call it is used in has returned. While a queue is waiting
   * to be sent no more data of that connection is delivered. */
  int (*write)(struct posix_async_writer *writer, const void *data, size_t length);
};

/* What on_data and on_end return; a negative errno closes the connection at once and counts as an error in stats(). */
#define POSIX_ASYNC_CONTINUE 0 /* wait for more data */
#define POSIX_ASYNC_END 1      /* send what was written, then close */

struct posix_async_handler {
  uint32_t abi;     /* POSIX_ASYNC_ABI */
  uint32_t size;    /* sizeof(struct posix_async_handler) */
  const char *name; /* for messages; not NULL */

  /* Once a server, before its first connection: may store `*user`. Returns 0, or -errno to refuse. May be NULL. */
  int (*start)(void **user);
  /* Once a server, after its last connection. May be NULL. */
  void (*stop)(void *user);

  /* Blocking form, or NULL. `fd` is a connected blocking socket; the caller closes it afterwards. SIGPIPE is ignored.
   * When the server stops or the client has been idle for too long, reading and writing fail: return then. Returns 0,
   * or -errno of what broke the connection (counted as an error in stats()). */
  int (*serve)(int fd, const struct posix_async_context *context);

  /* Event form, or NULL. `state` points to `state_size` bytes of the connection's own, zeroed at its start. */
  size_t state_size;
  /* Bytes that have arrived, valid until the call returns; `length` is never 0. */
  int (*on_data)(void *state, const struct posix_async_context *context, const void *data, size_t length,
                 struct posix_async_writer *writer);
  /* The client will send no more; a reply may still be written. NULL: the connection ends. */
  int (*on_end)(void *state, const struct posix_async_context *context, struct posix_async_writer *writer);
  /* The connection is over, for whatever reason: release what `state` holds. Never while another function of the
   * handler is at work on the same thread. May be NULL. */
  void (*on_close)(void *state, const struct posix_async_context *context);
};

/* The first members of every handler: `{POSIX_ASYNC_HANDLER_HEAD("upper"), .serve = serve}`. */
#define POSIX_ASYNC_HANDLER_HEAD(name) POSIX_ASYNC_ABI, sizeof(struct posix_async_handler), name

/* What a shared object defines: `POSIX_ASYNC_EXPORT const struct posix_async_handler posix_async_handler = {...};` */
#ifdef __cplusplus
#define POSIX_ASYNC_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define POSIX_ASYNC_EXPORT __attribute__((visibility("default")))
#endif
#define POSIX_ASYNC_SYMBOL "posix_async_handler"

static inline void posix_async_count_in(const struct posix_async_context *context, size_t length) {
  __atomic_fetch_add(&context->counters->bytes_in, (uint64_t)length, __ATOMIC_RELAXED);
}

static inline void posix_async_count_out(const struct posix_async_context *context, size_t length) {
  __atomic_fetch_add(&context->counters->bytes_out, (uint64_t)length, __ATOMIC_RELAXED);
}

/* read(2), made again when a signal interrupts it, and counted. Returns the number of bytes, 0 at end of file, -errno.
 */
static inline ssize_t posix_async_read(const struct posix_async_context *context, int fd, void *data, size_t length) {
  for (;;) {
    const ssize_t got = read(fd, data, length);
    if (got >= 0) {
      posix_async_count_in(context, (size_t)got);
      return got;
    }
    if (errno != EINTR) return -errno;
  }
}

/* write(2) until all `length` bytes are taken, counted. Returns 0 or -errno. */
static inline int posix_async_write_all(const struct posix_async_context *context, int fd, const void *data,
                                        size_t length) {
  const char *next = (const char *)data;
  while (length > 0) {
    const ssize_t put = write(fd, next, length);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return -errno;
    posix_async_count_out(context, (size_t)put);
    next += put;
    length -= (size_t)put;
  }
  return 0;
}

#ifdef __cplusplus
}
#endif

#endif /* POSIX_ASYNC_H */

// Promises of writes: a handler may start one and not wait for it, and the client go away. That is no uncaught exception, which would
// end the process and every other client's connection with it; a handler that waits is told all the same.

const ignore = (): void => {}

/** The same promise, whose rejection need not be looked at. */
export function unwatched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

/** A rejected promise that need not be looked at. */
export const rejected = (error: Error): Promise<never> => unwatched(Promise.reject(error))

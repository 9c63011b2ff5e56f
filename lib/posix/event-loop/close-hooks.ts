// Who wants to know that a descriptor is about to be closed or replaced: what is under way on it must not meet another file under its
// number.
const listeners: ((fd: number) => void)[] = []

/** Calls `listener` before each close, dup2 and dup3 of this package's that frees a number. */
export function onClose(listener: (fd: number) => void): void {
  listeners.push(listener)
}

/** The number is free after this. */
export function notifyClose(fd: number): void {
  for (const listener of listeners) listener(fd)
}

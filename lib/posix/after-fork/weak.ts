// A weak reference, for declarations: those of a package may be read with a library of types that is older than WeakRef (ES2020).

/** What a WeakRef has. */
export interface Weak<T> {
  deref(): T | undefined
}

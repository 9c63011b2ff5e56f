// What all selectors do: keys, checks and the verbs of Python's selectors. The back ends are in selectors.ts.
import { codedError, invalidArgType, invalidArgValue } from '../../errors.js'
import { asExactTimeout, asFd } from '../internal/arguments.js'
import type { SignalOptions } from '../event-loop/look-until.js'

/** Readable, or at end of file. */
export const EVENT_READ = 1
/** Writable. */
export const EVENT_WRITE = 2

/** A descriptor, or an object that has one. */
export type FileObject = number | { readonly fd: number }

/** What is registered of a descriptor. */
export interface SelectorKey<Data = unknown> {
  readonly fd: number
  /** The descriptor or object that was registered. */
  readonly fileobj: FileObject
  /** EVENT_READ, EVENT_WRITE or both. */
  readonly events: number
  readonly data: Data
}

/** A ready descriptor: its key, and which of its events hold. */
export type Ready<Data = unknown> = [key: SelectorKey<Data>, events: number]

function fdOf(fileobj: FileObject): number {
  if (typeof fileobj === 'object' && fileobj !== null) return asFd(fileobj.fd, 'fileobj.fd')
  return asFd(fileobj, 'fileobj')
}

// The number of what may be closed: an object's is -1 then.
function numberOf(fileobj: FileObject): number {
  const isObject = typeof fileobj === 'object' && fileobj !== null
  return isObject && fileobj.fd === -1 ? -1 : fdOf(fileobj)
}

/** A map that shows another one as it is, and cannot be changed. */
class KeyView<K, V> implements ReadonlyMap<K, V> {
  readonly #map: ReadonlyMap<K, V>

  constructor(map: ReadonlyMap<K, V>) {
    this.#map = map
  }

  get size(): number {
    return this.#map.size
  }
  get(key: K): V | undefined {
    return this.#map.get(key)
  }
  has(key: K): boolean {
    return this.#map.has(key)
  }
  keys(): MapIterator<K> {
    return this.#map.keys()
  }
  values(): MapIterator<V> {
    return this.#map.values()
  }
  entries(): MapIterator<[K, V]> {
    return this.#map.entries()
  }
  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.#map) callback(value, key, this)
  }
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map[Symbol.iterator]()
  }
}

function asEvents(events: number): number {
  if (typeof events !== 'number') throw invalidArgType('events', 'of type number', events)
  if (events < 1 || events > 3 || !Number.isInteger(events)) {
    throw invalidArgValue('events', 'must be EVENT_READ, EVENT_WRITE or both', events)
  }
  return events
}

// Python's rule: 0 and less only looks. The C functions' is another: there less than 0 waits for ever.
function asSelectorTimeout(timeout: number | null | undefined): number {
  return typeof timeout === 'number' && timeout <= 0 ? 0 : asExactTimeout(timeout)
}

/** What all selectors do. A back end keeps the kernel informed and waits. */
export abstract class BaseSelector<Data = unknown> {
  readonly #keys = new Map<number, SelectorKey<Data>>()
  readonly #view = new KeyView(this.#keys)
  #closed = false

  protected abstract added(key: SelectorKey<Data>): void
  protected abstract modified(key: SelectorKey<Data>): void
  protected abstract removed(key: SelectorKey<Data>): void
  protected abstract wait(timeout: number): [fd: number, events: number][]
  protected abstract waitAsync(timeout: number, options?: SignalOptions): Promise<[fd: number, events: number][]>

  protected get keys(): IterableIterator<SelectorKey<Data>> {
    return this.#keys.values()
  }

  /**
   * Begins to watch a descriptor.
   *
   * @param fileobj an open descriptor or an object that has one, borrowed
   * @param events EVENT_READ, EVENT_WRITE or both
   * @param data anything; it is in the key
   * @throws ErrnoError of epoll_ctl(2): EPERM (a regular file), EBADF; ERR_INVALID_STATE where it is registered already or the
   * selector is closed; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
   */
  register(fileobj: FileObject, events: number, data?: Data): SelectorKey<Data> {
    this.#open()
    const key = Object.freeze({ fd: fdOf(fileobj), fileobj, events: asEvents(events), data: data as Data })
    if (this.#keys.has(key.fd)) throw codedError(Error, 'ERR_INVALID_STATE', `${key.fd} is already registered`)
    this.added(key)
    this.#keys.set(key.fd, key)
    return key
  }

  /**
   * Changes what is watched for, and `data`. Where the kernel refuses it, the descriptor is not registered any more.
   * @throws ERR_INVALID_STATE where it is not registered, and what `register` throws
   */
  modify(fileobj: FileObject, events: number, data?: Data): SelectorKey<Data> {
    const { fd, fileobj: registered } = this.getKey(fileobj)
    const key = Object.freeze({ fd, fileobj: registered, events: asEvents(events), data: data as Data })
    try {
      this.modified(key)
    } catch (error) {
      this.unregister(registered)
      throw error
    }
    this.#keys.set(fd, key)
    return key
  }

  /**
   * Watches a descriptor no longer; it may be closed already.
   * @returns what its key was
   * @throws ERR_INVALID_STATE where it is not registered
   */
  unregister(fileobj: FileObject): SelectorKey<Data> {
    const key = this.getKey(fileobj)
    this.#keys.delete(key.fd)
    this.removed(key)
    return key
  }

  /**
   * Waits until a registered descriptor is ready. Blocks the calling thread.
   *
   * @param timeout milliseconds; 0 or less only looks; null or left out waits for ever
   * @returns a key and its events a ready descriptor; none when the time is over
   */
  select(timeout?: number | null): Ready<Data>[] {
    this.#open()
    return this.#ready(this.wait(asSelectorTimeout(timeout)))
  }

  /** As `select`, without blocking: the event loop goes on meanwhile. Rejects with the signal's reason. */
  async selectAsync(timeout?: number | null, options?: SignalOptions): Promise<Ready<Data>[]> {
    this.#open()
    return this.#ready(await this.waitAsync(asSelectorTimeout(timeout), options))
  }

  /** The keys of all registered descriptors, by descriptor: a view that changes with them. */
  getMap(): ReadonlyMap<number, SelectorKey<Data>> {
    return this.#view
  }

  /** @throws ERR_INVALID_STATE where it is not registered or the selector is closed */
  getKey(fileobj: FileObject): SelectorKey<Data> {
    this.#open()
    const key = this.#keys.get(numberOf(fileobj)) ?? this.#keyOfObject(fileobj)
    if (!key) throw codedError(Error, 'ERR_INVALID_STATE', `${numberOf(fileobj)} is not registered`)
    return key
  }

  // An object that has closed its descriptor, and has another number or none by now, is found by itself.
  #keyOfObject(fileobj: FileObject): SelectorKey<Data> | undefined {
    if (typeof fileobj === 'number') return undefined
    for (const key of this.#keys.values()) if (key.fileobj === fileobj) return key
    return undefined
  }

  /** Frees what the selector holds; what is registered stays open. May be called again. */
  close(): void {
    this.#closed = true
    this.#keys.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(): void {
    if (this.#closed) throw codedError(Error, 'ERR_INVALID_STATE', 'The selector is closed')
  }

  #ready(found: [fd: number, events: number][]): Ready<Data>[] {
    return found.flatMap(([fd, events]): Ready<Data>[] => {
      const key = this.#keys.get(fd)
      return key && key.events & events ? [[key, key.events & events]] : []
    })
  }
}

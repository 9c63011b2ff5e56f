// What memory really is: its length, its place and its ArrayBuffer as the engine has them. A property of the object's own, or of its class,
// that has the same name may say anything.
import { types } from 'node:util'
import type { ByteView } from '../../native.js'

type Memory = ArrayBuffer | SharedArrayBuffer

const call = Function.prototype.call

/** The getter that the engine gave objects of this kind; undefined where this engine has none of that name. */
function getter<T>(prototype: object, name: string): ((view: unknown) => T) | undefined {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get
  return get && (call.bind(get) as (view: unknown) => T)
}

const ofTypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const typedArrayBuffer = getter<Memory>(ofTypedArray, 'buffer')!
const typedArrayLength = getter<number>(ofTypedArray, 'byteLength')!
const typedArrayOffset = getter<number>(ofTypedArray, 'byteOffset')!
const dataViewBuffer = getter<Memory>(DataView.prototype, 'buffer')!
const dataViewLength = getter<number>(DataView.prototype, 'byteLength')!
const dataViewOffset = getter<number>(DataView.prototype, 'byteOffset')!
const bufferLength = getter<number>(ArrayBuffer.prototype, 'byteLength')!
const bufferIsResizable = getter<boolean>(ArrayBuffer.prototype, 'resizable')
const sharedLength = getter<number>(SharedArrayBuffer.prototype, 'byteLength')!
const { isView } = ArrayBuffer
const { isAnyArrayBuffer, isDataView, isSharedArrayBuffer, isUint8Array } = types

/** Whether it is memory: a Buffer, TypedArray, DataView, ArrayBuffer or SharedArrayBuffer, of this realm or another. */
export function isMemory(value: unknown): value is ByteView {
  return isView(value) || isAnyArrayBuffer(value)
}

/** The memory that a view lies in, or that it is. */
export function bufferOf(view: ByteView): Memory {
  if (!isView(view)) return view
  return isDataView(view) ? dataViewBuffer(view) : typedArrayBuffer(view)
}

/** Where a view begins in its memory. Throws a TypeError where a DataView's memory is detached or too short for it. */
export function byteOffsetOf(view: ByteView): number {
  if (!isView(view)) return 0
  return isDataView(view) ? dataViewOffset(view) : typedArrayOffset(view)
}

/** How many bytes there are. Throws a TypeError where a DataView's memory is detached or too short for it. */
export function byteLengthOf(view: ByteView): number {
  if (!isView(view)) return isSharedArrayBuffer(view) ? sharedLength(view) : bufferLength(view)
  return isDataView(view) ? dataViewLength(view) : typedArrayLength(view)
}

/** The bytes of a view, or so many of them from `offset` on, as a Uint8Array that nobody has changed. */
export function bytesIn(view: ByteView, offset = 0, length = byteLengthOf(view) - offset): Uint8Array {
  return new Uint8Array(bufferOf(view), byteOffsetOf(view) + offset, length)
}

/** The view itself, where it is a Uint8Array of whatever class; a Uint8Array of its bytes otherwise. */
export function asUint8Array(view: ByteView): Uint8Array {
  return isUint8Array(view) ? view : bytesIn(view)
}

/** Whether its memory is gone, or has become too short for it. */
export function isGone(view: ByteView): boolean {
  if (isView(view) && !isDataView(view) && typedArrayLength(view) !== 0) return false
  const buffer = bufferOf(view)
  if (isSharedArrayBuffer(buffer)) return false
  try {
    void new Uint8Array(buffer)
    return isDataView(view) && dataViewLength(view) < 0 // the getter throws where it is out of bounds
  } catch {
    return true
  }
}

/** Whether it lies in memory that may become shorter. */
export function mayShrink(view: ByteView): boolean {
  const buffer = bufferOf(view)
  return !isSharedArrayBuffer(buffer) && bufferIsResizable?.(buffer) === true
}

export function isShared(view: ByteView): boolean {
  return isSharedArrayBuffer(bufferOf(view))
}

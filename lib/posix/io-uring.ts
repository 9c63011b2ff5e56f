// liburing.h: io_uring. Operations are handed to the kernel, many by one system call, and complete later, each as a promise.
// See: man 7 io_uring
export { BufferGroup } from './ring/buffer-group.js'
export { Multishot } from './ring/multishot.js'
export { posix_memalign } from './internal/pinned-memory.js'
export { type RingAvailability, type RingOptions } from './ring/setup.js'
export { type TimeoutOptions } from './ring/control.js'
export { Ring } from './ring/ring.js'
export { FixedFile, type RingFile } from './ring/sqe.js'
export { type SendMessageOptions } from './ring/messages.js'
export { type OperationOptions } from './ring/operation.js'
export { type TransferOptions } from './ring/transfers.js'
export { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, STATX_BTIME, Statx } from './ring/statx.js'

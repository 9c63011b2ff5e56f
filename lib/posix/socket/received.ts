// What recvmsg gives beside the bytes, as native/socket_message.cc lays it out in an Int32Array: flags, whether there are credentials, pid, uid,
// gid, bytes of packet information, that, the number of descriptors, and those. Internal.
import { constant } from '../../native.js'

/** Of the last call. */
export const received = new Int32Array(constant('SIZEOF_RECEIVED') / 4)
export const FLAGS_AT = 0
export const PKTINFO_AT = 6
export const FDS_AT = 12
export const COUNT_AT = FDS_AT - 1

// netinet/tcp.h: the options of TCP sockets (level IPPROTO_TCP). See: man 7 tcp.
import { constant } from '../native.js'
import type { SocketOption } from './socket/socket-options.js'

export const TCP_CONGESTION = constant('TCP_CONGESTION') as SocketOption<string>
export const TCP_CORK = constant('TCP_CORK')
export const TCP_DEFER_ACCEPT = constant('TCP_DEFER_ACCEPT')
export const TCP_FASTOPEN = constant('TCP_FASTOPEN')
export const TCP_INFO = constant('TCP_INFO')
export const TCP_KEEPCNT = constant('TCP_KEEPCNT')
export const TCP_KEEPIDLE = constant('TCP_KEEPIDLE')
export const TCP_KEEPINTVL = constant('TCP_KEEPINTVL')
export const TCP_LINGER2 = constant('TCP_LINGER2')
export const TCP_MAXSEG = constant('TCP_MAXSEG')
export const TCP_NODELAY = constant('TCP_NODELAY')
export const TCP_QUICKACK = constant('TCP_QUICKACK')
export const TCP_SYNCNT = constant('TCP_SYNCNT')
export const TCP_USER_TIMEOUT = constant('TCP_USER_TIMEOUT')

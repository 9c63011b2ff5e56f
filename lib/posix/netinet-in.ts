// netinet/in.h: protocols, and the options of IP and IPv6 sockets. See: man 7 ip, man 7 ipv6.
import { constant } from '../native.js'
import type { Membership, SocketOption } from './socket/socket-options.js'

export const IPPROTO_ICMP = constant('IPPROTO_ICMP')
export const IPPROTO_ICMPV6 = constant('IPPROTO_ICMPV6')
export const IPPROTO_IP = constant('IPPROTO_IP')
export const IPPROTO_IPV6 = constant('IPPROTO_IPV6')
export const IPPROTO_RAW = constant('IPPROTO_RAW')
export const IPPROTO_TCP = constant('IPPROTO_TCP')
export const IPPROTO_UDP = constant('IPPROTO_UDP')
/** The socket receives what is sent to a multicast group. */
export const IP_ADD_MEMBERSHIP = constant('IP_ADD_MEMBERSHIP') as SocketOption<Membership>
export const IP_BIND_ADDRESS_NO_PORT = constant('IP_BIND_ADDRESS_NO_PORT')
export const IP_DROP_MEMBERSHIP = constant('IP_DROP_MEMBERSHIP') as SocketOption<Membership>
export const IP_FREEBIND = constant('IP_FREEBIND')
export const IP_MTU = constant('IP_MTU')
export const IP_MTU_DISCOVER = constant('IP_MTU_DISCOVER')
/** The interface by which multicast datagrams leave; getsockopt gives the raw address. */
export const IP_MULTICAST_IF = constant('IP_MULTICAST_IF')
export const IP_MULTICAST_LOOP = constant('IP_MULTICAST_LOOP')
export const IP_MULTICAST_TTL = constant('IP_MULTICAST_TTL')
/** recvmsg tells to which address, and by which interface, a datagram came. */
export const IP_PKTINFO = constant('IP_PKTINFO')
export const IP_RECVERR = constant('IP_RECVERR')
export const IP_TOS = constant('IP_TOS')
export const IP_TRANSPARENT = constant('IP_TRANSPARENT')
export const IP_TTL = constant('IP_TTL')
export const IPV6_ADD_MEMBERSHIP = constant('IPV6_ADD_MEMBERSHIP') as SocketOption<Membership>
export const IPV6_DROP_MEMBERSHIP = constant('IPV6_DROP_MEMBERSHIP') as SocketOption<Membership>
export const IPV6_MULTICAST_HOPS = constant('IPV6_MULTICAST_HOPS')
/** The number of the interface by which multicast datagrams leave. */
export const IPV6_MULTICAST_IF = constant('IPV6_MULTICAST_IF')
export const IPV6_MULTICAST_LOOP = constant('IPV6_MULTICAST_LOOP')
/** As IP_PKTINFO. */
export const IPV6_RECVPKTINFO = constant('IPV6_RECVPKTINFO')
export const IPV6_UNICAST_HOPS = constant('IPV6_UNICAST_HOPS')
export const IPV6_V6ONLY = constant('IPV6_V6ONLY')

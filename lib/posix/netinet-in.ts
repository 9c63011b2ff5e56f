// netinet/in.h: protocols, and the options of IP and IPv6 sockets. See: man 7 ip, man 7 ipv6.
import { constant } from '../native.js'

export const IPPROTO_ICMP = constant('IPPROTO_ICMP')
export const IPPROTO_ICMPV6 = constant('IPPROTO_ICMPV6')
export const IPPROTO_IP = constant('IPPROTO_IP')
export const IPPROTO_IPV6 = constant('IPPROTO_IPV6')
export const IPPROTO_RAW = constant('IPPROTO_RAW')
export const IPPROTO_TCP = constant('IPPROTO_TCP')
export const IPPROTO_UDP = constant('IPPROTO_UDP')
export const IP_BIND_ADDRESS_NO_PORT = constant('IP_BIND_ADDRESS_NO_PORT')
export const IP_FREEBIND = constant('IP_FREEBIND')
export const IP_MULTICAST_LOOP = constant('IP_MULTICAST_LOOP')
export const IP_MULTICAST_TTL = constant('IP_MULTICAST_TTL')
export const IP_TOS = constant('IP_TOS')
export const IP_TRANSPARENT = constant('IP_TRANSPARENT')
export const IP_TTL = constant('IP_TTL')
export const IPV6_UNICAST_HOPS = constant('IPV6_UNICAST_HOPS')
export const IPV6_V6ONLY = constant('IPV6_V6ONLY')

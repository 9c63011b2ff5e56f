// Sockets: sys/socket.h. See: man 2 socket, bind, listen, accept4, connect, send, recv, shutdown, getsockopt; man 7
// socket. Addresses cross as the bytes of a sockaddr: TypeScript reads and writes them
// (lib/posix/socket/socket-address.ts).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <climits>

#include "binding.h"

namespace posix_async {
namespace {

const sockaddr* AddressIn(const Bytes& bytes) { return reinterpret_cast<const sockaddr*>(bytes.data); }

// C's lengths of addresses and options have 32 bits; the kernel refuses what is longer than it knows.
socklen_t LengthOf(const Bytes& bytes) { return static_cast<socklen_t>(std::min<size_t>(bytes.size, INT_MAX)); }

// Memory that takes an address: a sockaddr_storage, then one byte with its length (it is never over 128).
using AddressOut = Room<uint8_t, sizeof(sockaddr_storage) + 1>;

// Makes the call with room for an address, and leaves that and its length in `out`.
template <typename Call>
auto WithAddress(const AddressOut& out, Call call) {
  socklen_t length = 0;
  const auto value = Retry([&] {
    length = sizeof(sockaddr_storage);
    return call(reinterpret_cast<sockaddr*>(out.data), &length);
  });
  out[sizeof(sockaddr_storage)] = static_cast<uint8_t>(length);
  return value;
}

// `pair` is an Int32Array(2) that takes the two descriptors.
int Socketpair(int domain, int type, int protocol, Room<int, 2> pair) {
  return Result([&] { return socketpair(domain, type, protocol, pair.data); });
}

int Bind(int fd, Bytes address) {
  return Result([&] { return bind(fd, AddressIn(address), LengthOf(address)); });
}

// A blocking connect that a signal interrupts may be repeated on Linux: the kernel goes on waiting for the same
// handshake.
int Connect(int fd, Bytes address) {
  return Retry([&] { return connect(fd, AddressIn(address), LengthOf(address)); });
}

int Accept4(int fd, int flags, AddressOut address) {
  return WithAddress(address, [&](sockaddr* out, socklen_t* length) { return accept4(fd, out, length, flags); });
}

int Getsockname(int fd, AddressOut address) {
  return WithAddress(address, [&](sockaddr* out, socklen_t* length) { return getsockname(fd, out, length); });
}

int Getpeername(int fd, AddressOut address) {
  return WithAddress(address, [&](sockaddr* out, socklen_t* length) { return getpeername(fd, out, length); });
}

int64_t Send(int fd, Part data, int flags) {
  return Retry([&] { return send(fd, data.data, data.size, flags); });
}

int64_t Sendto(int fd, Bytes data, int flags, Bytes address) {
  return Retry([&] { return sendto(fd, data.data, data.size, flags, AddressIn(address), LengthOf(address)); });
}

int64_t Recv(int fd, Part buffer, int flags) {
  return Retry([&] { return recv(fd, buffer.data, buffer.size, flags); });
}

int64_t Recvfrom(int fd, Bytes buffer, int flags, AddressOut address) {
  return WithAddress(address, [&](sockaddr* out, socklen_t* length) {
    return recvfrom(fd, buffer.data, buffer.size, flags, out, length);
  });
}

int Setsockopt(int fd, int level, int name, Bytes value) {
  return Result([&] { return setsockopt(fd, level, name, value.data, LengthOf(value)); });
}

// Gives how many bytes of `value` the kernel has filled.
int Getsockopt(int fd, int level, int name, Bytes value) {
  socklen_t length = LengthOf(value);
  const int result = Result([&] { return getsockopt(fd, level, name, value.data, &length); });
  return result < 0 ? result : static_cast<int>(length);
}

size_t SizeOfAddress(int family) { return family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr); }

// 1 when `text` is an address of the family and `bytes` has it, 0 when it is not.
int InetPton(int family, std::string text, Bytes bytes) {
  if (bytes.size < SizeOfAddress(family)) return -EFAULT;
  return inet_pton(family, text.c_str(), bytes.data);
}

std::string InetNtop(int family, Bytes bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size < SizeOfAddress(family)) return "";
  inet_ntop(family, bytes.data, text, sizeof(text));
  return text;
}

void RegisterConstants(Exports& exports) {
  POSIX_ASYNC_CONSTANT(exports, AF_UNSPEC);
  POSIX_ASYNC_CONSTANT(exports, AF_UNIX);
  POSIX_ASYNC_CONSTANT(exports, AF_INET);
  POSIX_ASYNC_CONSTANT(exports, AF_INET6);
  POSIX_ASYNC_CONSTANT(exports, AF_NETLINK);
  POSIX_ASYNC_CONSTANT(exports, AF_PACKET);
  POSIX_ASYNC_CONSTANT(exports, AF_VSOCK);

  POSIX_ASYNC_CONSTANT(exports, SOCK_STREAM);
  POSIX_ASYNC_CONSTANT(exports, SOCK_DGRAM);
  POSIX_ASYNC_CONSTANT(exports, SOCK_SEQPACKET);
  POSIX_ASYNC_CONSTANT(exports, SOCK_RAW);
  POSIX_ASYNC_CONSTANT(exports, SOCK_NONBLOCK);
  POSIX_ASYNC_CONSTANT(exports, SOCK_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, SOMAXCONN);

  POSIX_ASYNC_CONSTANT(exports, SHUT_RD);
  POSIX_ASYNC_CONSTANT(exports, SHUT_WR);
  POSIX_ASYNC_CONSTANT(exports, SHUT_RDWR);

  POSIX_ASYNC_CONSTANT(exports, MSG_CMSG_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, MSG_CONFIRM);
  POSIX_ASYNC_CONSTANT(exports, MSG_CTRUNC);
  POSIX_ASYNC_CONSTANT(exports, MSG_DONTROUTE);
  POSIX_ASYNC_CONSTANT(exports, MSG_DONTWAIT);
  POSIX_ASYNC_CONSTANT(exports, MSG_EOR);
  POSIX_ASYNC_CONSTANT(exports, MSG_ERRQUEUE);
  POSIX_ASYNC_CONSTANT(exports, MSG_FASTOPEN);
  POSIX_ASYNC_CONSTANT(exports, MSG_MORE);
  POSIX_ASYNC_CONSTANT(exports, MSG_NOSIGNAL);
  POSIX_ASYNC_CONSTANT(exports, MSG_OOB);
  POSIX_ASYNC_CONSTANT(exports, MSG_PEEK);
  POSIX_ASYNC_CONSTANT(exports, MSG_TRUNC);
  POSIX_ASYNC_CONSTANT(exports, MSG_WAITALL);

  POSIX_ASYNC_CONSTANT(exports, SOL_SOCKET);
  POSIX_ASYNC_CONSTANT(exports, SO_ACCEPTCONN);
  POSIX_ASYNC_CONSTANT(exports, SO_BINDTODEVICE);
  POSIX_ASYNC_CONSTANT(exports, SO_BROADCAST);
  POSIX_ASYNC_CONSTANT(exports, SO_BUSY_POLL);
  POSIX_ASYNC_CONSTANT(exports, SO_COOKIE);
  POSIX_ASYNC_CONSTANT(exports, SO_DOMAIN);
  POSIX_ASYNC_CONSTANT(exports, SO_DONTROUTE);
  POSIX_ASYNC_CONSTANT(exports, SO_ERROR);
  POSIX_ASYNC_CONSTANT(exports, SO_INCOMING_CPU);
  POSIX_ASYNC_CONSTANT(exports, SO_INCOMING_NAPI_ID);
  POSIX_ASYNC_CONSTANT(exports, SO_KEEPALIVE);
  POSIX_ASYNC_CONSTANT(exports, SO_LINGER);
  POSIX_ASYNC_CONSTANT(exports, SO_LOCK_FILTER);
  POSIX_ASYNC_CONSTANT(exports, SO_MARK);
  POSIX_ASYNC_CONSTANT(exports, SO_MAX_PACING_RATE);
  POSIX_ASYNC_CONSTANT(exports, SO_NO_CHECK);
  POSIX_ASYNC_CONSTANT(exports, SO_OOBINLINE);
  POSIX_ASYNC_CONSTANT(exports, SO_PASSCRED);
  POSIX_ASYNC_CONSTANT(exports, SO_PASSSEC);
  POSIX_ASYNC_CONSTANT(exports, SO_PEEK_OFF);
  POSIX_ASYNC_CONSTANT(exports, SO_PEERCRED);
  POSIX_ASYNC_CONSTANT(exports, SO_PRIORITY);
  POSIX_ASYNC_CONSTANT(exports, SO_PROTOCOL);
  POSIX_ASYNC_CONSTANT(exports, SO_RCVBUF);
  POSIX_ASYNC_CONSTANT(exports, SO_RCVBUFFORCE);
  POSIX_ASYNC_CONSTANT(exports, SO_RCVLOWAT);
  POSIX_ASYNC_CONSTANT(exports, SO_RCVTIMEO);
  POSIX_ASYNC_CONSTANT(exports, SO_REUSEADDR);
  POSIX_ASYNC_CONSTANT(exports, SO_REUSEPORT);
  POSIX_ASYNC_CONSTANT(exports, SO_RXQ_OVFL);
  POSIX_ASYNC_CONSTANT(exports, SO_SNDBUF);
  POSIX_ASYNC_CONSTANT(exports, SO_SNDBUFFORCE);
  POSIX_ASYNC_CONSTANT(exports, SO_SNDLOWAT);
  POSIX_ASYNC_CONSTANT(exports, SO_SNDTIMEO);
  POSIX_ASYNC_CONSTANT(exports, SO_TIMESTAMP);
  POSIX_ASYNC_CONSTANT(exports, SO_TIMESTAMPNS);
  POSIX_ASYNC_CONSTANT(exports, SO_TYPE);
  POSIX_ASYNC_CONSTANT(exports, SO_ZEROCOPY);

  POSIX_ASYNC_CONSTANT(exports, IPPROTO_ICMP);
  POSIX_ASYNC_CONSTANT(exports, IPPROTO_ICMPV6);
  POSIX_ASYNC_CONSTANT(exports, IPPROTO_IP);
  POSIX_ASYNC_CONSTANT(exports, IPPROTO_IPV6);
  POSIX_ASYNC_CONSTANT(exports, IPPROTO_RAW);
  POSIX_ASYNC_CONSTANT(exports, IPPROTO_TCP);
  POSIX_ASYNC_CONSTANT(exports, IPPROTO_UDP);
  POSIX_ASYNC_CONSTANT(exports, IP_ADD_MEMBERSHIP);
  POSIX_ASYNC_CONSTANT(exports, IP_BIND_ADDRESS_NO_PORT);
  POSIX_ASYNC_CONSTANT(exports, IP_DROP_MEMBERSHIP);
  POSIX_ASYNC_CONSTANT(exports, IP_FREEBIND);
  POSIX_ASYNC_CONSTANT(exports, IP_MTU);
  POSIX_ASYNC_CONSTANT(exports, IP_MTU_DISCOVER);
  POSIX_ASYNC_CONSTANT(exports, IP_MULTICAST_IF);
  POSIX_ASYNC_CONSTANT(exports, IP_MULTICAST_LOOP);
  POSIX_ASYNC_CONSTANT(exports, IP_MULTICAST_TTL);
  POSIX_ASYNC_CONSTANT(exports, IP_PKTINFO);
  POSIX_ASYNC_CONSTANT(exports, IP_RECVERR);
  POSIX_ASYNC_CONSTANT(exports, IP_TOS);
  POSIX_ASYNC_CONSTANT(exports, IP_TRANSPARENT);
  POSIX_ASYNC_CONSTANT(exports, IP_TTL);
  POSIX_ASYNC_CONSTANT(exports, IPV6_ADD_MEMBERSHIP);
  POSIX_ASYNC_CONSTANT(exports, IPV6_DROP_MEMBERSHIP);
  POSIX_ASYNC_CONSTANT(exports, IPV6_MULTICAST_HOPS);
  POSIX_ASYNC_CONSTANT(exports, IPV6_MULTICAST_IF);
  POSIX_ASYNC_CONSTANT(exports, IPV6_MULTICAST_LOOP);
  POSIX_ASYNC_CONSTANT(exports, IPV6_RECVPKTINFO);
  POSIX_ASYNC_CONSTANT(exports, IPV6_UNICAST_HOPS);
  POSIX_ASYNC_CONSTANT(exports, IPV6_V6ONLY);

  POSIX_ASYNC_CONSTANT(exports, TCP_CONGESTION);
  POSIX_ASYNC_CONSTANT(exports, TCP_CORK);
  POSIX_ASYNC_CONSTANT(exports, TCP_DEFER_ACCEPT);
  POSIX_ASYNC_CONSTANT(exports, TCP_FASTOPEN);
  POSIX_ASYNC_CONSTANT(exports, TCP_INFO);
  POSIX_ASYNC_CONSTANT(exports, TCP_KEEPCNT);
  POSIX_ASYNC_CONSTANT(exports, TCP_KEEPIDLE);
  POSIX_ASYNC_CONSTANT(exports, TCP_KEEPINTVL);
  POSIX_ASYNC_CONSTANT(exports, TCP_LINGER2);
  POSIX_ASYNC_CONSTANT(exports, TCP_MAXSEG);
  POSIX_ASYNC_CONSTANT(exports, TCP_NODELAY);
  POSIX_ASYNC_CONSTANT(exports, TCP_QUICKACK);
  POSIX_ASYNC_CONSTANT(exports, TCP_SYNCNT);
  POSIX_ASYNC_CONSTANT(exports, TCP_USER_TIMEOUT);
}

}  // namespace

void RegisterSocket(Exports& exports) {
  exports.Syscall<&::socket>("socket");
  exports.Function<&Socketpair>("socketpair");
  exports.Function<&Bind>("bind");
  exports.Syscall<&::listen>("listen");
  exports.Function<&Accept4>("accept4");
  exports.Function<&Connect>("connect");
  exports.Syscall<&::shutdown>("shutdown");
  exports.Function<&Getsockname>("getsockname");
  exports.Function<&Getpeername>("getpeername");
  exports.Function<&Send>("send");
  exports.Function<&Sendto>("sendto");
  exports.Function<&Recv>("recv");
  exports.Function<&Recvfrom>("recvfrom");
  exports.Function<&Setsockopt>("setsockopt");
  exports.Function<&Getsockopt>("getsockopt");
  exports.Function<&InetPton>("inet_pton");
  exports.Function<&InetNtop>("inet_ntop");
  RegisterConstants(exports);
}

}  // namespace posix_async

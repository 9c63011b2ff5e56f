// Messages with ancillary data: sendmsg and recvmsg, descriptors, credentials and where a datagram goes. See: man 2
// sendmsg, recvmsg; man 7 unix, ip, ipv6.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "binding.h"
#include "vector_io.h"

namespace posix_async {
namespace {

// What the kernel takes in one message (its SCM_MAX_FD).
constexpr size_t kMaxFds = 253;

union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE(kMaxFds * sizeof(int)) + CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(in6_pktinfo))];
};

// The shape of the Int32Array that takes what recvmsg gives beside the bytes.
struct Received {
  int flags;
  int has_credentials;
  ucred credentials;
  int pktinfo_size;  // of an in_pktinfo or in6_pktinfo; 0: none
  uint8_t pktinfo[sizeof(in6_pktinfo)];
  int fd_count;
  int fds[kMaxFds];
};

// Adds one ancillary message of `size` bytes after what is there.
void Append(msghdr& message, int level, int type, const void* data, size_t size) {
  auto* header = reinterpret_cast<cmsghdr*>(static_cast<char*>(message.msg_control) + message.msg_controllen);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(header), data, size);
  message.msg_controllen += CMSG_SPACE(size);
}

// An in_pktinfo, an in6_pktinfo or nothing, by its size. False where it is none of them.
bool AppendPktinfo(msghdr& message, const Bytes& info) {
  if (info.size == sizeof(in_pktinfo)) Append(message, IPPROTO_IP, IP_PKTINFO, info.data, info.size);
  if (info.size == sizeof(in6_pktinfo)) Append(message, IPPROTO_IPV6, IPV6_PKTINFO, info.data, info.size);
  return info.size == 0 || info.size == sizeof(in_pktinfo) || info.size == sizeof(in6_pktinfo);
}

// `address`, `fds`, `credentials` and `pktinfo` may be empty.
int64_t Sendmsg(int fd, int flags, Bytes address, Many<int> fds, RoomOrNone<ucred> credentials, Bytes pktinfo,
                Rest buffers) {
  if (fds.count > kMaxFds) return -EINVAL;
  std::vector<iovec> vector = ToVector(buffers);
  Control control = {};
  msghdr message = {};
  message.msg_name = address.size > 0 ? address.data : nullptr;
  message.msg_namelen = address.size;
  message.msg_iov = vector.data();
  message.msg_iovlen = vector.size();
  message.msg_control = control.bytes;
  if (fds.count > 0) Append(message, SOL_SOCKET, SCM_RIGHTS, fds.data, fds.count * sizeof(int));
  if (credentials.data != nullptr) Append(message, SOL_SOCKET, SCM_CREDENTIALS, credentials.data, sizeof(ucred));
  if (!AppendPktinfo(message, pktinfo)) return -EINVAL;
  return Retry([&] { return sendmsg(fd, &message, flags); });
}

void TakeFds(cmsghdr* header, Received* received) {
  const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  const size_t taken = std::min(count, kMaxFds - received->fd_count);
  std::memcpy(received->fds + received->fd_count, CMSG_DATA(header), taken * sizeof(int));
  received->fd_count += static_cast<int>(taken);
}

void TakePktinfo(cmsghdr* header, Received* received) {
  const bool is_ipv4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO;
  const bool is_ipv6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO;
  if (!is_ipv4 && !is_ipv6) return;
  received->pktinfo_size = is_ipv4 ? sizeof(in_pktinfo) : sizeof(in6_pktinfo);
  std::memcpy(received->pktinfo, CMSG_DATA(header), received->pktinfo_size);
}

void TakeControl(msghdr* message, Received* received) {
  for (cmsghdr* header = CMSG_FIRSTHDR(message); header != nullptr; header = CMSG_NXTHDR(message, header)) {
    TakePktinfo(header, received);
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) TakeFds(header, received);
    if (header->cmsg_type == SCM_CREDENTIALS) {
      std::memcpy(&received->credentials, CMSG_DATA(header), sizeof(ucred));
      received->has_credentials = 1;
    }
  }
}

// `address` takes a sockaddr_storage and one byte with its length; `result` is a Received.
int64_t Recvmsg(int fd, int flags, Room<uint8_t, sizeof(sockaddr_storage) + 1> address, Room<Received> result,
                Rest buffers) {
  std::vector<iovec> vector = ToVector(buffers);
  Control control;
  msghdr message = {};
  const int64_t count = Retry([&] {
    message.msg_name = address.data;
    message.msg_namelen = sizeof(sockaddr_storage);
    message.msg_iov = vector.data();
    message.msg_iovlen = vector.size();
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof(control.bytes);
    return recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
  });
  if (count < 0) return count;
  Received* received = result.data;
  received->flags = message.msg_flags & ~MSG_CMSG_CLOEXEC;
  received->has_credentials = 0;
  received->pktinfo_size = 0;
  received->fd_count = 0;
  TakeControl(&message, received);
  address[sizeof(sockaddr_storage)] = static_cast<uint8_t>(message.msg_namelen);
  return count;
}

}  // namespace

void RegisterSocketMessage(Exports& exports) {
  exports.Function<&Sendmsg>("sendmsg");
  exports.Function<&Recvmsg>("recvmsg");
  POSIX_ASYNC_CONSTANT(exports, SCM_CREDENTIALS);
  POSIX_ASYNC_CONSTANT(exports, SCM_RIGHTS);
  exports.Constant("SCM_MAX_FD", kMaxFds);
  exports.Constant("SIZEOF_RECEIVED", sizeof(Received));
}

}  // namespace posix_async

// Many datagrams by one system call. See: man 2 sendmmsg, recvmmsg.
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "binding.h"
#include "vector_io.h"

namespace posix_async {
namespace {

constexpr size_t kAddressRoom = sizeof(sockaddr_storage) + 4;  // and its length, an int
constexpr size_t kMost = 1024;                                 // the kernel's UIO_MAXIOV: it takes no more at once

using Messages = std::vector<mmsghdr>;

sockaddr* AddressAt(const Bytes& addresses, size_t index) {
  return reinterpret_cast<sockaddr*>(addresses.data + index * kAddressRoom);
}

// `shape` has two numbers a message: how many pieces it has, and the length of its address in `addresses` (0: none);
// `sizes` takes how many bytes of each were sent. Gives how many messages were.
int Sendmmsg(int fd, int flags, Many<int> shape, Bytes addresses, Many<int> sizes, Rest buffers) {
  const size_t count = shape.count / 2;
  if (count > kMost || sizes.count < count || addresses.size < count * kAddressRoom) return -EINVAL;
  std::vector<iovec> vector = ToVector(buffers);
  Messages messages(count);
  size_t piece = 0;
  for (size_t i = 0; i < count; i++) {
    const int pieces = shape.data[2 * i], length = shape.data[2 * i + 1];
    const bool fits = pieces >= 0 && static_cast<size_t>(pieces) <= vector.size() - piece;
    if (!fits || length < 0 || static_cast<size_t>(length) > sizeof(sockaddr_storage)) return -EINVAL;
    msghdr& header = messages[i].msg_hdr;
    header.msg_iov = vector.data() + piece;
    header.msg_iovlen = pieces;
    header.msg_name = length > 0 ? AddressAt(addresses, i) : nullptr;
    header.msg_namelen = length;
    piece += pieces;
  }
  const int sent = Retry([&] { return sendmmsg(fd, messages.data(), static_cast<unsigned>(count), flags); });
  for (int i = 0; i < sent; i++) sizes.data[i] = static_cast<int>(messages[i].msg_len);
  return sent;
}

// One piece a message. `addresses` takes a sockaddr_storage and its length for each, `results` bytes and flags of each.
int Recvmmsg(int fd, int flags, Bytes addresses, Many<int> results, Rest buffers) {
  std::vector<iovec> vector = ToVector(buffers);
  const size_t count = vector.size();
  if (count > kMost || results.count < 2 * count || addresses.size < count * kAddressRoom) return -EINVAL;
  Messages messages(count);
  for (size_t i = 0; i < count; i++) {
    messages[i].msg_hdr.msg_iov = &vector[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = AddressAt(addresses, i);
    messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  }
  const int got = Retry([&] { return recvmmsg(fd, messages.data(), static_cast<unsigned>(count), flags, nullptr); });
  for (int i = 0; i < got; i++) {
    results.data[2 * i] = static_cast<int>(messages[i].msg_len);
    results.data[2 * i + 1] = messages[i].msg_hdr.msg_flags & ~MSG_CMSG_CLOEXEC;
    addresses.data[i * kAddressRoom + sizeof(sockaddr_storage)] = static_cast<uint8_t>(messages[i].msg_hdr.msg_namelen);
  }
  return got;
}

}  // namespace

void RegisterSocketMessages(Exports& exports) {
  exports.Function<&Sendmmsg>("sendmmsg");
  exports.Function<&Recvmmsg>("recvmmsg");

  exports.Constant("MMSG_ADDRESS_ROOM", kAddressRoom);
  POSIX_ASYNC_CONSTANT(exports, MSG_WAITFORONE);
}

}  // namespace posix_async

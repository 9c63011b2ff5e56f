// The echo handler: every byte goes back as it came.
#include "handler.h"

namespace posix_async {
namespace {

int OnData(void*, const posix_async_context*, const void* data, size_t length, posix_async_writer* writer) {
  return writer->write(writer, data, length);
}

}  // namespace

const Handler kEcho = {
    POSIX_ASYNC_HANDLER_HEAD("echo"), nullptr, nullptr, nullptr, 0, OnData, nullptr, nullptr,
};

}  // namespace posix_async

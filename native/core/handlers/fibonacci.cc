// The fibonacci handler: one number a connection, answered in decimal by the plain recursive function, so that a
// request costs as much processor time as it asks for.
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "handler.h"

namespace posix_async {

uint64_t Fibonacci(long n) { return n < 2 ? 1 : Fibonacci(n - 1) + Fibonacci(n - 2); }

namespace {

constexpr long kLargest = 34;

// The number that all of `text` spells (white space around it is allowed), or -1.
long Parse(const char* text) {
  char* end = nullptr;
  const long number = strtol(text, &end, 10);
  if (end == text) return -1;
  while (isspace(static_cast<unsigned char>(*end))) ++end;
  return *end == '\0' ? number : -1;
}

int OnData(void*, const posix_async_context*, const void* data, size_t length, posix_async_writer* writer) {
  char request[64] = {};
  const bool fits = length < sizeof request && memchr(data, '\0', length) == nullptr;
  if (fits) memcpy(request, data, length);
  const long number = fits ? Parse(request) : -1;

  char reply[32] = "out of range";
  if (number >= 0 && number <= kLargest) {
    snprintf(reply, sizeof reply, "%llu", static_cast<unsigned long long>(Fibonacci(number)));
  }
  const int error = writer->write(writer, reply, strlen(reply));
  return error < 0 ? error : POSIX_ASYNC_END;
}

}  // namespace

const Handler kFibonacci = {
    POSIX_ASYNC_HANDLER_HEAD("fibonacci"), nullptr, nullptr, nullptr, 0, OnData, nullptr, nullptr,
};

}  // namespace posix_async

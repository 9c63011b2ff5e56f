// Cases for native/core/handlers, one a run, named by the first argument: prints what came out. See handlers.test.ts.
#include <sys/socket.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "core/handlers/handler.h"

using posix_async::FindHandler;
using posix_async::Handler;
using posix_async::LoadHandler;
using posix_async::RunningHandler;

namespace {

std::string ReadToEnd(int fd) {
  std::string all;
  char part[4096];
  for (ssize_t n = 0; (n = read(fd, part, sizeof part)) > 0;) all.append(part, static_cast<size_t>(n));
  return all;
}

struct Answer {
  std::string reply;
  int result;
  uint64_t in;
  uint64_t out;
};

// One connection: sends `request`, ends the sending side, and reads all of the reply.
Answer Ask(const Handler* handler, const std::string& request) {
  int pair[2];
  int error = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) abort();
  const auto running = RunningHandler::Start(handler, &error);
  if (!running) return {"refused: " + std::string(strerror(-error)), error, 0, 0};
  Answer answer{};
  if (write(pair[0], request.data(), request.size()) != static_cast<ssize_t>(request.size())) abort();
  shutdown(pair[0], SHUT_WR);
  std::thread server([&] {
    answer.result = running->Serve(pair[1]);
    close(pair[1]);
  });
  answer.reply = ReadToEnd(pair[0]);
  server.join();
  close(pair[0]);
  const auto* counters = running->context().counters;
  answer.in = counters->bytes_in;
  answer.out = counters->bytes_out;
  return answer;
}

void Print(const Answer& answer) {
  printf("%s|%d|%llu|%llu\n", answer.reply.c_str(), answer.result, static_cast<unsigned long long>(answer.in),
         static_cast<unsigned long long>(answer.out));
}

}  // namespace

// handlers_test NAME-OR-PATH REQUEST...: a line a request, reply|result|bytes in|bytes out; or the reason for no
// handler.
int main(int count, char** arguments) {
  const std::string name = arguments[1];
  std::string error = "none of that name";
  const bool is_path = name.find('/') != std::string::npos;
  const Handler* handler = is_path ? LoadHandler(name, &error) : FindHandler(name);
  if (handler == nullptr) printf("error: %s\n", error.c_str());
  for (int i = 2; handler != nullptr && i < count; ++i) Print(Ask(handler, arguments[i]));
  return 0;
}

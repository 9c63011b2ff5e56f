// The threads of AIO without Node, one case a name. Judged by test/core/aio.test.ts.
#include "core/aio.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "cases.h"

using namespace posix_async;

namespace {

constexpr size_t kPiece = 512;

std::shared_ptr<AioPool> Opened() {
  auto pool = std::make_shared<AioPool>();
  CHECK(pool->Open() == 0);
  return pool;
}

int File() {
  char name[] = "/tmp/posix-async-aio-XXXXXX";
  const int fd = mkostemp(name, O_CLOEXEC);
  CHECK(fd >= 0);
  unlink(name);
  return fd;
}

// Waits for `count` results.
std::map<uint32_t, int64_t> Await(AioPool& pool, size_t count) {
  std::map<uint32_t, int64_t> results;
  while (results.size() < count) {
    pollfd waited{pool.event_fd(), POLLIN, 0};
    CHECK(poll(&waited, 1, 20'000) == 1);
    for (const AioResult& result : pool.Take()) CHECK(results.emplace(result.id, result.result).second);
  }
  return results;
}

// Each request is done once, and its bytes are right.
void Load() {
  constexpr uint32_t kCount = 2000;
  const auto pool = Opened();
  const int fd = File();
  std::vector<std::string> texts(kCount), back(kCount, std::string(kPiece, 0));
  for (uint32_t i = 0; i < kCount; i++) {
    texts[i].assign(kPiece, static_cast<char>('a' + i % 26));
    CHECK(pool->Submit({i, AioOperation::kWrite, fd, &texts[i][0], kPiece, static_cast<int64_t>(i * kPiece)}) == 0);
  }
  for (const auto& [id, result] : Await(*pool, kCount)) CHECK(result == kPiece);
  CHECK(pool->Submit({kCount, AioOperation::kSync, fd, nullptr, 0, 0}) == 0);
  CHECK(Await(*pool, 1)[kCount] == 0);
  for (uint32_t i = 0; i < kCount; i++) {
    CHECK(pool->Submit({i, AioOperation::kRead, fd, &back[i][0], kPiece, static_cast<int64_t>(i * kPiece)}) == 0);
  }
  const auto results = Await(*pool, kCount);
  printf("results %zu same %d\n", results.size(), back == texts);
  pool->Close();
  close(fd);
}

void Failing() {
  const auto pool = Opened();
  char byte = 0;
  CHECK(pool->Submit({1, AioOperation::kRead, -1, &byte, 1, 0}) == 0);
  CHECK(pool->Submit({2, AioOperation::kDataSync, -1, nullptr, 0, 0}) == 0);
  auto results = Await(*pool, 2);
  printf("%d %d\n", static_cast<int>(results[1]), static_cast<int>(results[2]));
  pool->Close();
}

// What is at work is not given up, what waits is; what is closed waits for the first and drops the second.
void Cancelled() {
  const auto pool = Opened();
  const int fd = File();
  std::string text(4 << 20, 'x');
  for (uint32_t i = 0; i < 200; i++) CHECK(pool->Submit({i, AioOperation::kWrite, fd, &text[0], text.size(), 0}) == 0);
  const bool last = pool->Cancel(199), again = pool->Cancel(199);
  Await(*pool, 1);
  pool->Close();
  printf("waiting %d twice %d after %d\n", last, again, pool->Submit({1, AioOperation::kRead, fd, nullptr, 0, 0}));
  close(fd);
}

// In a child of a plain fork the parent's is not touched, and another one works.
void Forked() {
  const auto pool = Opened();
  const int fd = File();
  char byte = 'x';
  CHECK(pool->Submit({1, AioOperation::kWrite, fd, &byte, 1, 0}) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (pool->IsOwner()) _exit(1);
    const auto own = Opened();
    char back = 0;
    if (own->Submit({9, AioOperation::kRead, fd, &back, 1, 0}) != 0) _exit(2);
    Await(*own, 1);
    _exit(42);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid);
  printf("child %d parent %d\n", WEXITSTATUS(status), static_cast<int>(Await(*pool, 1)[1]));
  pool->Close();
  close(fd);
}

}  // namespace

int main(int count, char** arguments) {
  return RunCase(count, arguments,
                 {{"load", Load}, {"failing", Failing}, {"cancelled", Cancelled}, {"forked", Forked}});
}

// Cases for native/core/thread, one a run, named by the first argument: prints what came out. See thread.test.ts.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "core/thread_server/thread.h"
#include "core/thread_server/thread_io.h"

using namespace posix_async;  // a test program
using std::chrono::milliseconds;

namespace {

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
      abort();                                                                          \
    }                                                                                   \
  } while (0)

constexpr milliseconds kLong{20'000};

int CountFds() {
  DIR* folder = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// How many more there are than `before`. The last thread lets go a moment after it has told that it leaves.
int DescriptorsLeft(int before) {
  for (int i = 0; i < 10'000 && CountFds() > before; ++i) std::this_thread::sleep_for(milliseconds(1));
  return CountFds() - before;
}

struct Listener {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};

  Listener() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(listen(fd, 511) == 0);
    CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  }
  ~Listener() { close(fd); }

  int Connect() const {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(client >= 0);
    CHECK(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return client;
  }
};

std::shared_ptr<ThreadServer> Serve(const Listener& listener, const char* name, ThreadServerOptions options) {
  int error = 0;
  options.listener = listener.fd;
  auto server = std::make_shared<ThreadServer>(options, RunningHandler::Start(FindHandler(name), &error));
  CHECK(server->Start() == 0);
  return server;
}

// The reply to `text`, up to its length or to the end; "" where the connection was refused.
std::string Ask(int fd, const std::string& text) {
  std::string reply;
  char part[4096];
  if (Retry([&] { return send(fd, text.data(), text.size(), MSG_NOSIGNAL); }) < 0) return "";
  while (reply.size() < text.size()) {
    const ssize_t got = Retry([&] { return read(fd, part, sizeof part); });
    if (got <= 0) break;
    reply.append(part, static_cast<size_t>(got));
  }
  return reply;
}

void InParallel(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

void Print(const ThreadServerStats& stats) {
  printf("accepted %llu active %llu rejected %llu errors %llu threads %llu\n",
         static_cast<unsigned long long>(stats.accepted), static_cast<unsigned long long>(stats.active),
         static_cast<unsigned long long>(stats.rejected), static_cast<unsigned long long>(stats.errors),
         static_cast<unsigned long long>(stats.threads));
}

// 8 clients at a time, each with `rounds` connections one after another, and each connection with three messages.
void Load(ThreadServerOptions options, int rounds) {
  const int before = CountFds();
  {
    const Listener listener;
    const auto server = Serve(listener, "echo", options);
    InParallel(8, [&](int client) {
      for (int round = 0; round < rounds; ++round) {
        const int fd = listener.Connect();
        const std::string text = "message " + std::to_string(client * 1000 + round);
        for (int i = 0; i < 3; ++i) CHECK(Ask(fd, text) == text);
        CHECK(server->Stats().threads <= options.max_threads);
        close(fd);
      }
    });
    server->Stop();
    CHECK(server->WaitDone(kLong));
    Print(server->Stats());
  }
  printf("descriptors left %d\n", DescriptorsLeft(before));
}

void ThreadAConnection() { Load({-1, 64, false, -1, 0, 0}, 50); }
void Pool() { Load({-1, 4, true, -1, 0, 0}, 50); }
void FewThreads() { Load({-1, 2, false, -1, 0, 0}, 25); }

// Clients that neither send nor leave: their threads end when the server ends their connections.
void Shutdown() {
  const Listener listener;
  const auto server = Serve(listener, "echo", {-1, 64, false, -1, 0, 0});
  std::vector<int> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(listener.Connect());
    CHECK(Ask(clients.back(), "x") == "x");
  }
  server->Stop();
  CHECK(!server->WaitDone(milliseconds(0)));
  CHECK(Ask(clients[0], "still served") == "still served");
  server->ShutdownClients();
  CHECK(server->WaitDone(kLong));
  pollfd told{server->event_fd(), POLLIN, 0};
  CHECK(poll(&told, 1, 0) == 1);
  char byte;
  for (const int client : clients) CHECK(read(client, &byte, 1) == 0);
  Print(server->Stats());
}

// Stopping at any moment under load neither hangs nor loses a descriptor; and again, and from several threads.
void StopAtAnyTime() {
  const int before = CountFds();
  for (int round = 0; round < 50; ++round) {
    const Listener listener;
    const auto server = Serve(listener, round % 2 ? "fibonacci" : "echo", {-1, 3, round % 3 == 0, -1, 0, 0});
    InParallel(6, [&](int i) {
      if (i < 2) return server->Stop();
      const int fd = listener.Connect();
      if (i < 5 && send(fd, "5", 1, MSG_NOSIGNAL) < 0) CHECK(errno == EPIPE || errno == ECONNRESET);
      close(fd);
    });
    CHECK(server->WaitDone(kLong));
    CHECK(server->Stats().active == 0 && server->Stats().threads == 0);
  }
  printf("descriptors left %d\n", DescriptorsLeft(before));
}

void MaxConnections() {
  const Listener listener;
  const auto server = Serve(listener, "echo", {-1, 64, false, 1, 0, 0});
  const int first = listener.Connect();
  CHECK(Ask(first, "x") == "x");
  const int second = listener.Connect();
  CHECK(Ask(second, "x").empty());
  CHECK(Ask(first, "y") == "y");
  close(first);
  close(second);
  server->Stop();
  CHECK(server->WaitDone(kLong));
  Print(server->Stats());
}

void IdleTimeout() {
  const Listener listener;
  const auto server = Serve(listener, "echo", {-1, 64, false, -1, 0, 50});
  const int client = listener.Connect();
  char byte;
  CHECK(read(client, &byte, 1) == 0);
  server->Stop();
  CHECK(server->WaitDone(kLong));
  Print(server->Stats());
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Descriptors run out: who is connected goes on, who waits is served when there are some again, and nobody spins.
void Exhausted() {
  const Listener listener;
  const auto server = Serve(listener, "echo", {-1, 64, false, -1, 0, 0});
  const int first = listener.Connect();
  CHECK(Ask(first, "x") == "x");
  const int waiting = listener.fd + 1000;  // made before the limit, moved above it
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(dup3(client, waiting, O_CLOEXEC) == waiting);
  close(client);
  rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit none{static_cast<rlim_t>(CountFds() - 4), limit.rlim_max};
  CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  while (dup(0) >= 0) continue;
  CHECK(connect(waiting, reinterpret_cast<const sockaddr*>(&listener.address), sizeof listener.address) == 0);
  while (server->Stats().errors == 0) std::this_thread::yield();
  const double begin = CpuSeconds();
  pollfd quiet{waiting, POLLIN, 0};
  CHECK(poll(&quiet, 1, 1000) == 0);  // a second without a reply
  printf("processor time of a second below 50 ms: %s\n", CpuSeconds() - begin < 0.05 ? "yes" : "no");
  CHECK(Ask(first, "y") == "y");
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(Ask(waiting, "z") == "z");
  close(first);
  close(waiting);
  server->Stop();
  CHECK(server->WaitDone(kLong));
  Print(server->Stats());
}

// Nothing is left where a server or a mailbox cannot even start.
void RefusedStart() {
  const Listener listener;
  int error = 0;
  const auto handler = RunningHandler::Start(FindHandler("echo"), &error);
  rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const int before = CountFds();
  for (rlim_t room = 0; room < 3; ++room) {
    const rlimit few{static_cast<rlim_t>(listener.fd) + 1 + room, limit.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    ThreadServerOptions options;
    options.listener = listener.fd;
    const int result = std::make_shared<ThreadServer>(options, handler)->Start();
    const int mailbox = room == 0 ? std::make_shared<IoMailbox>()->Open() : -EMFILE;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    printf("%d %d ", result, mailbox);
  }
  printf("descriptors left %d\n", DescriptorsLeft(before));
}

// For strace, which refuses threads: clients one after another, each either served or refused.
void Scarce(int clients) {
  const Listener listener;
  const auto server = Serve(listener, "fibonacci", {-1, 64, false, -1, 0, 0});
  int served = 0;
  for (int i = 0; i < clients; ++i) {
    const int fd = listener.Connect();
    char reply[8];
    if (send(fd, "5", 1, MSG_NOSIGNAL) == 1 && read(fd, reply, sizeof reply) == 1 && reply[0] == '8') ++served;
    close(fd);
  }
  server->Stop();
  CHECK(server->WaitDone(kLong));
  printf("served %d\n", served);
  Print(server->Stats());
}

// Orders I/O as Node's thread would, and waits for the completions.
struct Orders {
  std::shared_ptr<IoMailbox> mailbox = std::make_shared<IoMailbox>();
  std::shared_ptr<ThreadCache> threads;
  std::map<std::pair<int, IoOperation>, std::deque<std::pair<int64_t, std::string>>> results;

  explicit Orders(unsigned keep) : threads(std::make_shared<ThreadCache>(keep, 0)) { CHECK(mailbox->Open() == 0); }

  std::shared_ptr<IoConnection> Open(int id, int fd, int idle_timeout = 0) {
    auto connection = std::make_shared<IoConnection>(id, fd, mailbox, threads);
    CHECK(connection->Start(idle_timeout) == 0);
    return connection;
  }

  std::pair<int64_t, std::string> Next(int id, IoOperation operation) {
    auto& queue = results[{id, operation}];
    while (queue.empty()) {
      pollfd ready{mailbox->event_fd(), POLLIN, 0};
      CHECK(poll(&ready, 1, 20'000) == 1);
      std::vector<IoCompletion> batch;
      mailbox->Take(&batch);
      for (const IoCompletion& completion : batch) Note(completion);
    }
    auto result = queue.front();
    queue.pop_front();
    return result;
  }

  void Note(const IoCompletion& completion) {
    const bool has_data = completion.operation == IoOperation::kRead && completion.result > 0;
    const auto* data = reinterpret_cast<const char*>(completion.connection->data());
    std::string text(has_data ? data : "", has_data ? static_cast<size_t>(completion.result) : 0);
    results[{completion.connection->id, completion.operation}].emplace_back(completion.result, std::move(text));
    if (completion.operation == IoOperation::kRead) completion.connection->Release();
  }
};

std::vector<uint8_t> BytesOf(const std::string& text) { return {text.begin(), text.end()}; }

void Pair(int pair[2]) { CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0); }

// How many threads are left when those that end have ended.
unsigned WaitingThreads(ThreadCache& threads, unsigned expected) {
  while (threads.threads() > expected) std::this_thread::yield();
  return threads.threads();
}

// 8 connections at once, 50 times, 3 messages each; threads of their own, or used again.
void IoLoad(unsigned keep) {
  const int before = CountFds();
  {
    Orders orders(keep);
    for (int round = 0; round < 50; ++round) {
      int peers[8];
      std::vector<std::shared_ptr<IoConnection>> connections;
      for (int i = 0; i < 8; ++i) {
        int pair[2];
        Pair(pair);
        peers[i] = pair[0];
        connections.push_back(orders.Open(i, pair[1]));
      }
      for (int message = 0; message < 3; ++message) {
        const std::string text = "message " + std::to_string(message);
        for (const auto& connection : connections) CHECK(connection->Read(100) == 0);
        for (const int peer : peers) CHECK(write(peer, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
        for (const auto& connection : connections) {
          const auto got = orders.Next(connection->id, IoOperation::kRead);
          CHECK(got.second == text);
          CHECK(connection->Write(BytesOf(got.second)) == 0);
        }
        char reply[100];
        for (const int peer : peers) CHECK(read(peer, reply, sizeof reply) == static_cast<ssize_t>(text.size()));
        for (const auto& each : connections) {
          CHECK(orders.Next(each->id, IoOperation::kWrite).first == static_cast<int64_t>(text.size()));
        }
      }
      const bool quietly = round % 2 == 0;
      for (const auto& connection : connections) {
        connection->Close(quietly);
        if (!quietly) CHECK(orders.Next(connection->id, IoOperation::kClose).first == 0);
      }
      for (const int peer : peers) close(peer);
    }
    printf("threads that wait: %u\n", WaitingThreads(*orders.threads, keep));
    orders.mailbox->Close();
    orders.threads->Close();
    CHECK(orders.threads->WaitEmpty(kLong));
  }
  printf("descriptors left %d\n", DescriptorsLeft(before));
}

// A write while a read is blocked, and a read while a write is; closing ends both.
void BothDirections() {
  Orders orders(0);
  int pair[2];
  Pair(pair);
  const auto connection = orders.Open(1, pair[1]);
  CHECK(connection->Read(10) == 0);
  CHECK(connection->Write(BytesOf("unasked")) == 0);
  CHECK(orders.Next(1, IoOperation::kWrite).first == 7);
  char reply[10];
  CHECK(read(pair[0], reply, sizeof reply) == 7);
  CHECK(write(pair[0], "a", 1) == 1);
  CHECK(orders.Next(1, IoOperation::kRead).second == "a");
  CHECK(connection->Write(std::vector<uint8_t>(4'000'000)) == 0);  // more than the socket takes
  CHECK(connection->Read(10) == 0);
  CHECK(write(pair[0], "b", 1) == 1);
  CHECK(orders.Next(1, IoOperation::kRead).second == "b");
  CHECK(connection->Read(10) == 0);
  CHECK(connection->Write(BytesOf("never begun")) == 0);
  connection->Close(false);
  printf("blocked write %lld", static_cast<long long>(orders.Next(1, IoOperation::kWrite).first));
  printf(" cancelled write %lld", static_cast<long long>(orders.Next(1, IoOperation::kWrite).first));
  const int64_t read_end = orders.Next(1, IoOperation::kRead).first;  // 0, or cancelled where it had not begun
  printf(" read over %s", read_end == 0 || read_end == -ECANCELED ? "yes" : "no");
  printf(" close %lld\n", static_cast<long long>(orders.Next(1, IoOperation::kClose).first));
  CHECK(connection->Read(1) == -EBADF);
  close(pair[0]);
  CHECK(orders.threads->WaitEmpty(kLong));
}

// The sending side ends after what was written; a peer that is gone is EPIPE; idle for too long is EAGAIN.
void Ends() {
  Orders orders(0);
  int pair[2];
  Pair(pair);
  const auto connection = orders.Open(1, pair[1], 50);
  CHECK(connection->Write(BytesOf("bye")) == 0 && connection->End() == 0);
  CHECK(orders.Next(1, IoOperation::kEnd).first == 0);
  char reply[10];
  CHECK(read(pair[0], reply, sizeof reply) == 3 && read(pair[0], reply, sizeof reply) == 0);
  CHECK(connection->Read(10) == 0);
  printf("idle %lld", static_cast<long long>(orders.Next(1, IoOperation::kRead).first));
  close(pair[0]);
  CHECK(connection->Read(10) == 0);
  printf(" end %lld", static_cast<long long>(orders.Next(1, IoOperation::kRead).first));
  CHECK(connection->Write(BytesOf("x")) == 0);
  CHECK(orders.Next(1, IoOperation::kWrite).first == 3);
  printf(" broken %lld\n", static_cast<long long>(orders.Next(1, IoOperation::kWrite).first));
  connection->Close(false);
  CHECK(orders.threads->WaitEmpty(kLong));
}

}  // namespace

int main(int count, char** arguments) {
  signal(SIGPIPE, SIG_IGN);
  const std::map<std::string, std::function<void()>> cases{
      {"thread-a-connection", ThreadAConnection},
      {"pool", Pool},
      {"few-threads", FewThreads},
      {"shutdown", Shutdown},
      {"stop-at-any-time", StopAtAnyTime},
      {"max-connections", MaxConnections},
      {"idle-timeout", IdleTimeout},
      {"exhausted", Exhausted},
      {"refused-start", RefusedStart},
      {"scarce", [&] { Scarce(count > 2 ? atoi(arguments[2]) : 10); }},
      {"io", [] { IoLoad(0); }},
      {"io-pool", [] { IoLoad(8); }},
      {"both-directions", BothDirections},
      {"ends", Ends},
  };
  const auto found = cases.find(count > 1 ? arguments[1] : "");
  if (found == cases.end()) return 2;
  found->second();
  return 0;
}

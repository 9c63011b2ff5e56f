// A thread a connection, wholly native: one thread accepts and hands each connection to a thread of its own, or to one
// of a fixed number that are used again. See: man 2 accept4; man 3 pthread_create, pthread_detach.
#ifndef POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_H_
#define POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_H_

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "core/base/unique_fd.h"
#include "core/handlers/handler.h"
#include "thread_start.h"

namespace posix_async {

struct ThreadServerOptions {
  int listener = -1;         // O_NONBLOCK; a duplicate of it is kept
  unsigned max_threads = 1;  // over it accepting waits
  bool reuse = false;        // a pool: a thread takes the next connection instead of ending
  int max_connections = -1;  // over it a connection is closed at once; negative: no limit
  size_t stack_size = 0;
  int idle_timeout = 0;  // milliseconds, 0: none
};

struct ThreadServerStats {
  uint64_t accepted = 0;
  uint64_t active = 0;    // connections now
  uint64_t rejected = 0;  // closed unserved: over max_connections, or no thread could be made
  uint64_t errors = 0;    // connections that broke, threads that could not be made, times that accepting had to pause
  uint64_t threads = 0;   // connection threads now
};

// All methods are safe from any thread. Threads keep the server alive until the last one has left.
class ThreadServer : public std::enable_shared_from_this<ThreadServer> {
 public:
  ThreadServer(const ThreadServerOptions& options, std::shared_ptr<RunningHandler> handler);

  int Start();  // 0 or -errno
  // Accepts no more. Returns when the accepting thread has left; those of connections go on.
  void Stop();
  // Ends the connections: their threads' reads and writes fail from now on.
  void ShutdownClients();
  // Whether all threads have left within that time.
  bool WaitDone(std::chrono::milliseconds limit);
  ThreadServerStats Stats();
  int fault();                                      // 0, or the -errno that ended accepting for good
  int event_fd() const { return event_fd_.get(); }  // readable when all threads have left, or on a fault
  void Heard();                                     // quiets it

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Connection {
    ThreadServer* server;
    int fd;
    Connection* previous;
    Connection* next;
  };

  static void* RunAcceptor(void* server);
  static void* RunConnection(void* connection);
  void AcceptLoop();
  bool WaitForRoom();
  bool RecoverFromAccept(int error);
  void WaitForClient();
  void Take(int fd);
  bool IsOverLimit(const Lock& lock) const;
  bool GiveToIdleThread(const Lock& lock, Connection* connection);
  int StartThreadFor(Lock& lock, Connection* connection);
  void Refuse(Lock& lock, Connection* connection);
  void ServeAll(Connection* connection);
  Connection* NextConnection(Lock& lock);
  Connection* Enlist(const Lock& lock, int fd);
  void Strike(const Lock& lock, Connection* connection);
  void LeaveIfLast(Lock& lock);

  const ThreadServerOptions options_;
  const std::shared_ptr<RunningHandler> handler_;
  const ProcessGuard guard_;
  UniqueFd listener_;
  UniqueFd wake_fd_;   // ends the acceptor's poll
  UniqueFd event_fd_;  // tells the owner

  std::mutex mutex_;              // for all below
  std::condition_variable room_;  // the acceptor waits: a connection ended, or stop
  std::condition_variable work_;  // idle threads of a pool wait: a connection, or stop
  std::condition_variable done_;
  std::deque<Connection> storage_;
  Connection* free_ = nullptr;
  Connection* active_ = nullptr;
  std::deque<Connection*> queue_;  // handed to the pool, not yet taken
  std::shared_ptr<ThreadServer> self_;
  ThreadServerStats stats_;
  uint64_t ended_ = 0;  // connections, to be waited for
  unsigned idle_ = 0;   // threads of a pool that wait and have not been promised a connection
  int fault_ = 0;
  bool accepting_ = false;
  bool stopping_ = false;
  bool exhausted_ = false;  // descriptors ran out and nothing was accepted since
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_H_

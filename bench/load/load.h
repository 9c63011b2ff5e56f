// What the parts of the load generator share: options, the histogram of latencies, clients, and their totals.
#ifndef POSIX_ASYNC_BENCH_LOAD_H_
#define POSIX_ASYNC_BENCH_LOAD_H_

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef enum { kRequest, kEcho, kIdle, kUpload, kChurn } Mode;
extern const char* const kModeNames[];
enum { kModes = 5 };

typedef struct {
  Mode mode;
  struct sockaddr_storage address;
  socklen_t address_size;
  int clients;
  double duration;        // seconds
  double warm_up;         // seconds, not counted
  uint64_t max_requests;  // 0: as many as the time allows
  double rate;       // requests a second at times that are kept, or 0: each client begins anew when it has its reply
  int slow;          // connections beside the clients that send a byte now and then (echo)
  double pause;      // seconds between two bytes of each of them
  uint64_t size;     // bytes of a message (echo, churn) or of an upload
  const char* text;  // what a request says
  const char* expected;  // the whole reply to a request or an upload, or NULL: any
  bool gate;             // say "ready" on standard output and wait for a line of standard input before counting
} Options;

// Log-linear, as HDR histograms are: 64 steps an octave, so a value is kept to within 1.6 %.
enum { kSubBuckets = 64, kOctaves = 40 };
typedef struct {
  uint64_t counts[kOctaves * kSubBuckets];
  uint64_t total, sum, max;
} Histogram;

typedef enum { kConnectError, kResetError, kClosedError, kWrongError, kTimeoutError, kOtherError } ErrorKind;
extern const char* const kErrorNames[];
enum { kErrorKinds = 6 };

typedef struct {
  Histogram latency;  // nanoseconds
  uint64_t requests, started, bytes_in, bytes_out, errors[kErrorKinds];
  uint64_t began, ended;   // nanoseconds
  uint64_t cpu, switches;  // of this program: nanoseconds, and how often it left the CPU
  char first_error[128];
} Totals;

typedef enum { kOff, kConnecting, kSending, kReceiving, kHolding, kParked, kFailed } State;

// How a client of kChurn ends its connection.
typedef enum { kResetUnsaid, kResetSaid, kCloseUnsaid, kCloseSaid, kHalfClose, kCloseAnswered } Ending;

typedef struct {
  int fd;
  State state;
  uint64_t began;  // nanoseconds: when the request under way was begun
  uint64_t sent, received, sequence;
  uint32_t interest;  // what epoll was asked to watch
  bool wrong;
  Ending ending;
} Client;

typedef struct {
  Options options;
  Totals totals;
  Client* clients;
  Client** idle;  // with a rate: those that have nothing to do
  int idle_count;
  int* slow;           // descriptors of the slow connections
  uint64_t slow_next;  // nanoseconds: when the next of them sends its byte
  int slow_turn;       // and which it is
  uint64_t slow_sent, slow_received;
  char* pattern;  // kPatternSize + kPatternPeriod bytes that go out
  int epoll;
  int busy, connecting, failed;  // how many clients are so
  int next;                      // the first client not begun in this phase
  uint64_t retry_at;             // nanoseconds: when those that failed begin again
  uint64_t deadline;             // nanoseconds: nothing is begun after it
} Load;

enum { kPatternSize = 1 << 20, kPatternPeriod = 251, kBurst = 256, kRetryNanoseconds = 10000000 };

uint64_t Now(void);
void ParseOptions(int argc, char** argv, Options* options);

void Record(Histogram* histogram, uint64_t value);
uint64_t Quantile(const Histogram* histogram, double quantile);

bool MayBegin(const Load* load);
void BeginClient(Load* load, Client* client, uint64_t began);
void AdvanceClient(Load* load, Client* client, uint32_t events);
void FailClient(Load* load, Client* client, ErrorKind kind, const char* why);
void CloseClient(Client* client);

Ending EndingOf(uint64_t sequence);
bool IsAbandoned(const Load* load, const Client* client);
void Abandon(Client* client);

void BeginSlow(Load* load);
void AdvanceSlow(Load* load);
void AwaitSlow(Load* load);

void PrintReport(const Load* load);

#endif  // POSIX_ASYNC_BENCH_LOAD_H_

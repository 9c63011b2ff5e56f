// The load generator's arguments, each checked against its bounds; targets off this machine are refused.
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

const char* const kModeNames[] = {"request", "echo", "idle", "upload", "churn"};

static const char kUsage[] =
    "usage: load request|echo|idle|upload|churn HOST PORT [options]\n"
    "  -c N     clients at once (8)\n"
    "  -d S     seconds (1)\n"
    "  -n N     requests at most, over all clients (0: as many as the time allows)\n"
    "  -r N     requests a second over all clients, each at its time (0: as many as the replies allow)\n"
    "  -S N     slow connections beside the clients, that send a byte now and then (echo, 0)\n"
    "  -p S     seconds between two bytes of each of them (0.1)\n"
    "  -s N     bytes of a message (echo, churn: 64) or of an upload (1048576)\n"
    "  -t TEXT  what a request says (5)\n"
    "  -e TEXT  the reply expected to a request or an upload\n"
    "  -w S     seconds of warm-up, not counted (0)\n"
    "  -g       say \"ready\" after the warm-up, and wait for a line of input before counting, and\n"
    "           again before the connections are closed\n";

static void __attribute__((noreturn, format(printf, 1, 2))) Refuse(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(2);
}

static double Number(const char* name, const char* text, double min, double max) {
  char* end;
  const double value = strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(value) || value < min || value > max) {
    Refuse("%s must be a number from %g to %g, not \"%s\"", name, min, max, text);
  }
  return value;
}

static uint64_t Whole(const char* name, const char* text, double min, double max) {
  const double value = Number(name, text, min, max);
  if (value != floor(value)) Refuse("%s must be a whole number, not \"%s\"", name, text);
  return (uint64_t)value;
}

static Mode ModeNamed(const char* name) {
  for (int i = 0; i < kModes; i++) {
    if (strcmp(name, kModeNames[i]) == 0) return (Mode)i;
  }
  Refuse("no mode \"%s\": it is request, echo, idle, upload or churn", name);
}

static void SetAddress(Options* options, const char* host, uint16_t port) {
  struct sockaddr_in* const v4 = (struct sockaddr_in*)&options->address;
  struct sockaddr_in6* const v6 = (struct sockaddr_in6*)&options->address;
  if (strcmp(host, "localhost") == 0) host = "127.0.0.1";
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1 && ntohl(v4->sin_addr.s_addr) >> 24 == 127) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    options->address_size = sizeof *v4;
  } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    options->address_size = sizeof *v6;
  } else {
    Refuse("only loopback addresses may be loaded (127.0.0.0/8, ::1, localhost), not \"%s\"", host);
  }
}

static void SetOption(Options* options, int letter) {
  switch (letter) {
    case 'c':
      options->clients = (int)Whole("-c", optarg, 1, 20000);
      break;
    case 'd':
      options->duration = Number("-d", optarg, 0.001, 3600);
      break;
    case 'n':
      options->max_requests = Whole("-n", optarg, 0, 1e12);
      break;
    case 'r':
      options->rate = Number("-r", optarg, 0, 1e7);
      break;
    case 'S':
      options->slow = (int)Whole("-S", optarg, 0, 20000);
      break;
    case 'p':
      options->pause = Number("-p", optarg, 0.001, 60);
      break;
    case 's':
      options->size = Whole("-s", optarg, 1, 17179869184.0);
      break;
    case 't':
      options->text = optarg;
      break;
    case 'e':
      options->expected = optarg;
      break;
    case 'w':
      options->warm_up = Number("-w", optarg, 0, 60);
      break;
    case 'g':
      options->gate = true;
      break;
    default:
      fputs(kUsage, stderr);
      exit(2);
  }
}

void ParseOptions(int argc, char** argv, Options* options) {
  *options = (Options){.clients = 8, .duration = 1, .pause = 0.1, .text = "5"};
  for (int letter; (letter = getopt(argc, argv, "c:d:n:r:S:p:s:t:e:w:g")) != -1;) SetOption(options, letter);
  if (argc - optind != 3) {
    fputs(kUsage, stderr);
    exit(2);
  }
  options->mode = ModeNamed(argv[optind]);
  SetAddress(options, argv[optind + 1], (uint16_t)Whole("PORT", argv[optind + 2], 1, 65535));
  if (options->mode == kIdle) options->warm_up = 0;
  if (options->size == 0) options->size = options->mode == kUpload ? 1 << 20 : 64;
  const bool echoes = options->mode == kEcho || options->mode == kChurn;
  if (echoes && options->size > kPatternSize) {
    Refuse("-s must be at most %d for %s", kPatternSize, kModeNames[options->mode]);
  }
  if (options->slow > 0 && options->mode != kEcho) Refuse("-S is for echo only");
  if (options->rate > 0 && options->mode == kIdle) Refuse("-r is not for idle connections");
  if (strlen(options->text) > 65536) Refuse("-t is longer than 65536 bytes");
}

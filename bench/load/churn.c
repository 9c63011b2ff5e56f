// Short connections that end in every way there is: reset or closed, before a word was said or after it, half closed,
// or as they should be. The order is random and the same in every run.
#include "load.h"

static const uint64_t kOdd = 0x9e3779b97f4a7c15;
enum { kEndings = kCloseAnswered + 1 };

Ending EndingOf(uint64_t sequence) {
  uint64_t mixed = (sequence + 1) * kOdd;
  mixed = (mixed ^ mixed >> 31) * kOdd;
  return (Ending)((mixed >> 32) % kEndings);
}

// Whether the client goes away without having waited for a reply.
bool IsAbandoned(const Load* load, const Client* client) {
  return load->options.mode == kChurn && client->ending <= kCloseSaid;
}

void Abandon(Client* client) {
  const struct linger reset = {.l_onoff = 1, .l_linger = 0};
  if (client->ending == kResetUnsaid || client->ending == kResetSaid) {
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  CloseClient(client);
}

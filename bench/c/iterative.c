// The iterative server: one client at a time, each served to its end before the next is accepted. See: man 2 accept
#include "common.h"

int main(int argc, char** argv) {
  Handler handler;
  const int listener = Start(argc, argv, &handler);
  for (;;) {
    const int client = Accept(listener);
    Serve(client, handler);
    close(client);
  }
}

// Entry of the addon: registers each family, no logic.
#include "binding.h"

namespace posix_async {

Napi::Object Init(Napi::Env, Napi::Object object) {
  Exports exports(object);
  RegisterEventFd(exports);
  RegisterFd(exports);
  RegisterHandler(exports);
  RegisterProcess(exports);
  RegisterSignal(exports);
  RegisterSocket(exports);
  RegisterSocketMessage(exports);
  RegisterFork(exports);
  return object;
}

NODE_API_MODULE(posix_async, Init)

}  // namespace posix_async

// Entry of the addon: registers each family, no logic.
#include "binding.h"

namespace posix_async {

Napi::Object Init(Napi::Env, Napi::Object object) {
  Exports exports(object);
  RegisterAio(exports);
  RegisterEpoll(exports);
  RegisterEventFd(exports);
  RegisterFd(exports);
  RegisterFork(exports);
  RegisterForkAcceptor(exports);
  RegisterHandler(exports);
  RegisterIoUring(exports);
  RegisterMemory(exports);
  RegisterNoWait(exports);
  RegisterPinnedMemory(exports);
  RegisterPoll(exports);
  RegisterProcess(exports);
  RegisterPthread(exports);
  RegisterReactor(exports);
  RegisterReadiness(exports);
  RegisterSelect(exports);
  RegisterSignal(exports);
  RegisterProcessIds(exports);
  RegisterResource(exports);
  RegisterSendfile(exports);
  RegisterSocket(exports);
  RegisterSocketMessage(exports);
  RegisterThread(exports);
  return object;
}

NODE_API_MODULE(posix_async, Init)

}  // namespace posix_async

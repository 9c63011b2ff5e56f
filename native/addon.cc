// Entry of the addon: registers each family, no logic.
#include "binding.h"

namespace posix_async {

napi_value Init(napi_env env, napi_value object) {
  Exports exports(env, object);
  RegisterAio(exports);
  RegisterClock(exports);
  RegisterEpoll(exports);
  RegisterEpollWaits(exports);
  RegisterEventFd(exports);
  RegisterFd(exports);
  RegisterFile(exports);
  RegisterFork(exports);
  RegisterForkAcceptor(exports);
  RegisterHandler(exports);
  RegisterInotify(exports);
  RegisterIoUring(exports);
  RegisterIoctl(exports);
  RegisterMemory(exports);
  RegisterNoWait(exports);
  RegisterPinnedMemory(exports);
  RegisterPoll(exports);
  RegisterProcess(exports);
  RegisterPthread(exports);
  RegisterReactor(exports);
  RegisterReadiness(exports);
  RegisterSched(exports);
  RegisterSelect(exports);
  RegisterSignal(exports);
  RegisterProcessIds(exports);
  RegisterResource(exports);
  RegisterSendfile(exports);
  RegisterSocket(exports);
  RegisterSocketMessage(exports);
  RegisterSocketMessages(exports);
  RegisterSpawn(exports);
  RegisterStructuredClone(exports);
  RegisterTerminal(exports);
  RegisterThread(exports);
  RegisterVectorIo(exports);
  return object;
}

NAPI_MODULE_INIT() { return Init(env, exports); }

}  // namespace posix_async

// Memory that the kernel may use for as long as an operation lasts, whatever JavaScript does with its ArrayBuffer
// meanwhile: it goes back when both the buffer's memory and the token are collected, and operations hold the token.
// When the environment ends with an operation that the kernel does not give up, it never goes back. See: man 3
// posix_memalign
#include "pinned_memory.h"

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "binding.h"
#include "loop/env_data.h"

namespace posix_async {
namespace {

// Owned by the token and by the ArrayBuffer's backing store, whose finalizers run on the thread that made them.
struct Block {
  void* whole;  // which the aligned part lies in
  Bytes bytes;
  int owners;
};

// Of this thread, which has one environment.
thread_local bool kernel_has_some = false;

void Release(Block* block) {
  if (--block->owners > 0 || kernel_has_some) return;
  free(block->whole);
  delete block;
}

// { buffer, token, address }, or a negative errno: -ENOTSUP where the runtime allows no memory of ours.
napi_value AllocatePinned(Napi::Env env, int64_t size, unsigned alignment, bool zeroed) {
  if (size < 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return NumberOf(env, -EINVAL);
  const size_t room = static_cast<size_t>(size) + alignment - 1;
  void* whole = zeroed ? calloc(1, room) : malloc(room);  // calloc knows which memory is zero already
  if (!whole) return NumberOf(env, -ENOMEM);
  const uintptr_t mask = alignment - 1;
  const uintptr_t address = (reinterpret_cast<uintptr_t>(whole) + mask) & ~mask;
  auto* block = new Block{whole, {reinterpret_cast<uint8_t*>(address), static_cast<size_t>(size)}, 2};
  int error = 0;
  napi_value token = HandleOf<Block, Release>(env, block);
  napi_value buffer = MemoryOf<Block, Release>(env, reinterpret_cast<void*>(address), size, block, &error);
  if (error) return NumberOf(env, error);
  napi_value parts = nullptr;
  napi_create_object(env, &parts);
  SetProperty(env, parts, "buffer", buffer);
  SetProperty(env, parts, "token", token);
  SetProperty(env, parts, "address", NumberOf(env, static_cast<double>(address)));
  return parts;
}

// How many operations use memory of the heap's own, which goes with the environment whatever is done here: `words`, an
// Int32Array(1) in which JavaScript counts them.
struct HeapUse {
  explicit HeapUse(napi_env) {}
  Napi::ObjectReference words;
  const int32_t* count = nullptr;
};

void CountHeapUse(Napi::Env env, Napi::Object words) {
  const Bytes memory = ToBytes(env, words);
  if (memory.size < sizeof(int32_t)) return;
  auto& use = EnvData<HeapUse>(env);
  use.words = Napi::Persistent(words);
  use.count = reinterpret_cast<const int32_t*>(memory.data);
}

// Where a buffer of JavaScript's own is, which stays there for as long as nobody detaches or drops it.
double AddressOf(Bytes bytes) { return static_cast<double>(reinterpret_cast<uintptr_t>(bytes.data)); }

}  // namespace

Bytes PinnedBytes(napi_env env, napi_value token) {
  void* block = nullptr;
  if (napi_get_value_external(env, token, &block) != napi_ok) return ToBytes(env, token);
  return static_cast<Block*>(block)->bytes;
}

bool HeapIsInUse(napi_env env) {
  const HeapUse* use = FindEnvData<HeapUse>(env);
  return use && use->count && *use->count > 0;
}

void KeepPinnedMemoryForGood() { kernel_has_some = true; }

void RegisterPinnedMemory(Exports& exports) {
  exports.Function<&CountHeapUse>("countHeapUse");
  exports.Function<&AddressOf>("addressOf");
  exports.Function<&AllocatePinned>("allocatePinned");
}

}  // namespace posix_async

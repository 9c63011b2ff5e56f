// Memory that the kernel may use for as long as an operation lasts, whatever JavaScript does with its ArrayBuffer
// meanwhile: it goes back when both the buffer's memory and the token are collected, and operations hold the token.
// See: man 3 posix_memalign
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "binding.h"

namespace posix_async {
namespace {

// Owned by the token and by the ArrayBuffer's backing store, whose finalizers run on the thread that made them.
struct Block {
  void* memory;  // which the aligned part lies in
  int owners;
};

void Release(Block* block) {
  if (--block->owners > 0) return;
  free(block->memory);
  delete block;
}

// { buffer, token, address }, or a negative errno: -ENOTSUP where the runtime allows no memory of ours.
Napi::Value AllocatePinned(Napi::Env env, int64_t size, unsigned alignment, bool zeroed) {
  const size_t room = static_cast<size_t>(size) + alignment - 1;
  void* whole = zeroed ? calloc(1, room) : malloc(room);  // calloc knows which memory is zero already
  if (!whole) return Napi::Number::New(env, -ENOMEM);
  const uintptr_t mask = alignment - 1;
  void* memory = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(whole) + mask) & ~mask);
  auto* block = new Block{whole, 1};
  napi_value buffer = nullptr;
  const auto finalize = [](napi_env, void*, void* hint) { Release(static_cast<Block*>(hint)); };
  const napi_status status = napi_create_external_arraybuffer(env, memory, size, finalize, block, &buffer);
  if (status != napi_ok) {
    napi_value ignored = nullptr;
    if (status == napi_pending_exception) napi_get_and_clear_last_exception(env, &ignored);
    Release(block);
    return Napi::Number::New(env, status == napi_no_external_buffers_allowed ? -ENOTSUP : -ENOMEM);
  }
  block->owners++;
  Napi::Object parts = Napi::Object::New(env);
  parts.Set("buffer", buffer);
  parts.Set("token", Napi::External<Block>::New(env, block, [](Napi::Env, Block* held) { Release(held); }));
  parts.Set("address", static_cast<double>(reinterpret_cast<uintptr_t>(memory)));
  return parts;
}

// Where a buffer of JavaScript's own is, which stays there for as long as nobody detaches or drops it.
double AddressOf(Bytes bytes) { return static_cast<double>(reinterpret_cast<uintptr_t>(bytes.data)); }

}  // namespace

void RegisterPinnedMemory(Exports& exports) {
  exports.Function<&AddressOf>("addressOf");
  exports.Function<&AllocatePinned>("allocatePinned");
}

}  // namespace posix_async

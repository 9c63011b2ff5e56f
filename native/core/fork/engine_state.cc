// What the JavaScript engine of a parked thread is at, as V8 tells profilers.
//
// The facts it rests on: v8::Isolate::GetStackSample takes the registers of a thread that stands still, and tells what
// V8 does there by a number; the numbers of the collector and of Atomics.wait, and the place of the number in the
// result, are the same in V8 11.3 to 14 (v8-unwinder.h). Which isolate a thread has entered is a variable of the
// thread's own. Both functions are public, and looked up by name.
#include "engine_state.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

namespace posix_async::fork {
namespace {

// v8::RegisterState. Its last member is a std::unique_ptr, here an empty one.
struct Registers {
  uintptr_t counter, stack, frame, link;
  void* callee_saved;
};

// v8::SampleInfo, with room for what a later one may add.
struct Sample {
  size_t frames;
  void* pointers[3];
  uint16_t state;
  uint16_t unused[3];
  void* later[8];
};
static_assert(offsetof(Sample, state) == 32);

constexpr uint16_t kCollecting = 1, kAtomicsWait = 7;

using TryGetCurrent = void* (*)();
using GetStackSample = void (*)(void* isolate, const Registers& registers, void** frames, size_t most, Sample* sample);

TryGetCurrent try_get_current = nullptr;
GetStackSample get_stack_sample = nullptr;

Registers RegistersOf(const ucontext_t& context) {
#if defined(__x86_64__)
  const auto& all = context.uc_mcontext.gregs;
  const auto at = [&all](int which) { return static_cast<uintptr_t>(all[which]); };
  return {at(REG_RIP), at(REG_RSP), at(REG_RBP), 0, nullptr};
#else
  const auto& all = context.uc_mcontext;
  return {all.pc, all.sp, all.regs[29], all.regs[30], nullptr};
#endif
}

}  // namespace

void PrepareForEngineState() {
  try_get_current = reinterpret_cast<TryGetCurrent>(dlsym(RTLD_DEFAULT, "_ZN2v87Isolate13TryGetCurrentEv"));
  get_stack_sample = reinterpret_cast<GetStackSample>(
      dlsym(RTLD_DEFAULT, "_ZN2v87Isolate14GetStackSampleERKNS_13RegisterStateEPPvmPNS_10SampleInfoE"));
}

void* EnteredIsolate() { return try_get_current == nullptr ? nullptr : try_get_current(); }

EngineState StateOfEngine(void* isolate, const ucontext_t& registers) {
  if (isolate == nullptr || get_stack_sample == nullptr) return EngineState::kNone;
  void* frames[1];
  Sample sample = {};
  get_stack_sample(isolate, RegistersOf(registers), frames, 1, &sample);
  if (sample.state == kCollecting) return EngineState::kCollect;
  return sample.state == kAtomicsWait ? EngineState::kWait : EngineState::kOther;
}

}  // namespace posix_async::fork

// V8's generator: found by its steps, seeded anew.
//
// The facts it rests on: an isolate refers to an object of its initial seed and the two words of an xorshift128+ state
// (Vigna), from which it takes, a step for each byte, the seed of every new context's Math.random. A state that is some
// steps further than it was is no other thing. The isolate's words are numbers and addresses of all kinds; what is at
// an address is asked of the kernel, which says so where there is nothing. See: man 2 getrandom.
#include "generator.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "peek.h"

namespace posix_async::fork {
namespace {

using State = GeneratorSearch::State;
constexpr size_t kStateSize = sizeof(State);
constexpr size_t kStateAt = sizeof(uint64_t);  // behind the initial seed
constexpr int kMostSteps = 64;
constexpr uintptr_t kAlignment = 16;  // malloc's

void* state_found = nullptr;

void Step(State* state) {
  uint64_t first = state->words[0];
  const uint64_t second = state->words[1];
  first ^= first << 23;
  first ^= first >> 17;
  first ^= second ^ (second >> 26);
  *state = {second, first};
}

bool IsFurther(State state, const State& now) {
  if (state.IsZero()) return false;  // which every step leaves as it is
  for (int i = 0; i < kMostSteps; i++) {
    Step(&state);
    if (state == now) return true;
  }
  return false;
}

using Candidate = GeneratorSearch::Candidate;

// What is there now, without those where there is nothing: one call reads at many addresses, and ends at the first of
// these.
std::vector<Candidate> Read(const std::vector<void*>& addresses) {
  std::vector<iovec> there;
  for (void* address : addresses) there.push_back({address, kStateSize});
  std::vector<State> states(there.size());
  std::vector<Candidate> read;
  for (size_t at = 0; at < there.size();) {
    const size_t count = std::min(there.size() - at, size_t{IOV_MAX});
    const size_t whole = PeekEach(&there[at], count, &states[at]) / kStateSize;
    for (size_t i = at; i < at + whole; i++) read.push_back({addresses[i], states[i]});
    at += whole + (whole < count ? 1 : 0);
  }
  return read;
}

}  // namespace

GeneratorSearch::GeneratorSearch(const std::vector<uintptr_t>& isolate_words) {
  std::vector<void*> addresses;
  for (const uintptr_t word : isolate_words)
    if (word != 0 && word % kAlignment == 0) addresses.push_back(reinterpret_cast<void*>(word + kStateAt));
  before_ = Read(addresses);
}

bool GeneratorSearch::Found() const {
  std::vector<void*> addresses;
  for (const Candidate& before : before_) addresses.push_back(before.address);
  const std::vector<Candidate> now = Read(addresses);
  if (now.size() != before_.size()) return false;  // memory was unmapped meanwhile
  for (size_t i = 0; i < now.size(); i++) {
    if (!IsFurther(before_[i].state, now[i].state)) continue;
    state_found = now[i].address;
    return true;
  }
  return false;
}

int RenewGenerator() {
  if (state_found == nullptr) return 0;
  return getrandom(state_found, kStateSize, 0) < 0 ? -errno : 0;
}

}  // namespace posix_async::fork

// V8's generator: found by its steps, seeded anew.
//
// The facts it rests on: an isolate refers to an object of its initial seed and the two words of an xorshift128+ state
// (Vigna), from which it takes, a step for each byte, the seed of every new context's Math.random. A state that is some
// steps further than it was is no other thing. The isolate's words are numbers and addresses of all kinds; what is at
// an address is asked of the kernel, which says so where there is nothing. See: man 2 process_vm_readv, getrandom.
#include "generator.h"

#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

namespace posix_async::fork {
namespace {

constexpr size_t kStateAt = sizeof(uint64_t);  // behind the initial seed
constexpr int kMostSteps = 64;
constexpr uintptr_t kAlignment = 16;  // malloc's

void* state_found = nullptr;

bool ReadState(uintptr_t address, uint64_t (&state)[2]) {
  const iovec here = {state, sizeof state};
  const iovec there = {reinterpret_cast<void*>(address + kStateAt), sizeof state};
  return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == ssize_t{sizeof state};
}

void Step(uint64_t (&state)[2]) {
  uint64_t first = state[0];
  const uint64_t second = state[1];
  first ^= first << 23;
  first ^= first >> 17;
  first ^= second ^ (second >> 26);
  state[0] = second;
  state[1] = first;
}

bool IsFurther(const uint64_t (&before)[2], const uint64_t (&now)[2]) {
  uint64_t state[2] = {before[0], before[1]};
  if (state[0] == 0 && state[1] == 0) return false;  // which every step leaves as it is
  for (int i = 0; i < kMostSteps; i++) {
    Step(state);
    if (memcmp(state, now, sizeof state) == 0) return true;
  }
  return false;
}

}  // namespace

GeneratorSearch::GeneratorSearch(const std::vector<uintptr_t>& isolate_words) {
  for (const uintptr_t word : isolate_words) {
    Candidate candidate = {word, {}};
    if (word == 0 || word % kAlignment != 0 || !ReadState(word, candidate.state)) continue;
    candidates_.push_back(candidate);
  }
}

bool GeneratorSearch::Found() const {
  for (const Candidate& candidate : candidates_) {
    uint64_t now[2];
    if (!ReadState(candidate.address, now) || !IsFurther(candidate.state, now)) continue;
    state_found = reinterpret_cast<void*>(candidate.address + kStateAt);
    return true;
  }
  return false;
}

void RenewGenerator() {
  if (state_found != nullptr) getrandom(state_found, sizeof(uint64_t[2]), 0);
}

}  // namespace posix_async::fork

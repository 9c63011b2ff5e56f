// Math.random, begun anew in every context of the isolate.
//
// The facts it rests on: a context of V8's is an array that begins with its map and its length. One of its slots counts
// down how many random numbers are left of those made ahead; with zero left the next call makes more, from the
// generator's 16 bytes of state, which the slot behind it refers to. All contexts are in a list, each linked to the one
// made before it; the isolate has the newest. Where these slots are differs by version, so they are looked for in a
// context made for that: by what changes as it is made, and with each number that is drawn. See: man 2 getrandom.
#include "math_random.h"

#include <malloc.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "contexts.h"
#include "generator.h"
#include "isolate.h"

namespace posix_async::fork {
namespace {

using Word = HeapWord;

constexpr int kStateBytes = 16;
constexpr int kProbes = 3;
constexpr int kMostMadeAhead = 1024;  // 64 in all versions so far
constexpr int kAttempts = 10;

Word* isolate = nullptr;
size_t left_at = 0;  // of a context: the slot of the count; 0: not known

std::vector<Word> IsolateWords() { return {isolate, isolate + malloc_usable_size(isolate) / sizeof(Word)}; }

Word* StateOf(const Word* context, size_t left) {
  Word* const state = ObjectAt(context[left + 1]);
  return state != nullptr && state[kArrayLength] == SmallInteger(kStateBytes) ? state + kFirstElement : nullptr;
}

// The one slot that goes down by one with each number, or 0.
size_t FindLeft(const Word* context, const Draw& draw) {
  const size_t size = kFirstElement + LengthOf(context);
  draw();
  const std::vector<Word> before(context, context + size);
  std::vector<bool> sinks(size, true);
  for (int i = 1; i <= kProbes; i++) {
    draw();
    for (size_t at = kFirstElement; at < size; at++)
      sinks[at] = sinks[at] && context[at] == before[at] - SmallInteger(i);
  }
  size_t found = 0;
  for (size_t at = kFirstElement; at < size; at++) {
    if (!sinks[at]) continue;
    if (found != 0) return 0;
    found = at;
  }
  return found;
}

// Whether the generator's state changes when none is left of the numbers made ahead, and only then.
bool StateIsBehind(const Word* context, size_t left, const Draw& draw) {
  for (int i = 0; i < kMostMadeAhead; i++) {
    Word* const state = left == 0 ? nullptr : StateOf(context, left);
    if (state == nullptr) return false;
    const Word one = state[0], other = state[1], number = context[left];
    draw();
    const bool changed = state[0] != one && state[1] != other;
    if (context[left] > number || number == 0) return changed;
    if (changed) return false;
  }
  return false;
}

// What `context`, just made, has in common with the isolate: that refers to it now, and it to what the isolate referred
// to before. Such words of the isolate, with the slot of the link.
std::vector<ContextList> FindLinks(const Word* context, const std::vector<Word>& before) {
  std::vector<ContextList> found;
  const Word self = reinterpret_cast<Word>(context) + 1;
  for (size_t at = 0; at < before.size(); at++) {
    if (isolate[at] != self || before[at] == self || ObjectAt(before[at]) == nullptr) continue;
    for (size_t slot = kFirstElement; slot < kFirstElement + LengthOf(context); slot++)
      if (context[slot] == before[at]) found.push_back({at, slot, context[kArrayLength]});
  }
  return found;
}

bool ListHas(const ContextList& at, const Word* wanted) {
  KnowContexts(isolate, at);
  bool has = false;
  ForEachContext([&](const Word* context) { has |= context == wanted; });
  return has;
}

// With V8's options --predictable and --random-seed every context begins with the same state, and the generator is not
// asked: told by two contexts that are in the same state after as many numbers.
bool IsAsBefore(const Word* state) {
  static Word before[2] = {0, 0};
  const bool is_same = state[0] == before[0] && state[1] == before[1];
  before[0] = state[0];
  before[1] = state[1];
  return is_same;
}

template <typename InNewContext>
bool FindOnce(const InNewContext& in_new_context) {
  const std::vector<Word> before = IsolateWords();
  Word self = 0;
  size_t left = 0;
  bool has_generator = false;
  std::vector<ContextList> candidates;
  in_new_context([&](const Draw& draw) {
    const Word* const context = EnteredContext();
    if (context == nullptr || context == CurrentContext()) return;
    const GeneratorSearch generator(IsolateWords());
    self = reinterpret_cast<Word>(context) + 1;
    candidates = FindLinks(context, before);
    left = FindLeft(context, draw);
    if (!StateIsBehind(context, left, draw)) left = 0;
    has_generator = generator.Found() || (left != 0 && IsAsBefore(StateOf(context, left)));
  });
  const Word* const current = CurrentContext();
  ContextList found;
  size_t count = 0;
  for (const ContextList& candidate : candidates) {
    // Other words of the isolate say which context is entered, and no longer do.
    if (left == 0 || !has_generator || isolate[candidate.newest] != self || !ListHas(candidate, current)) continue;
    found = candidate;
    count++;
  }
  KnowContexts(isolate, count == 1 ? found : ContextList{});
  left_at = count == 1 ? left : 0;
  return count == 1;
}

}  // namespace

bool FindMathRandom(const std::function<void(const std::function<void(const Draw&)>& probe)>& in_new_context) {
  isolate = static_cast<Word*>(CurrentIsolate());
  if (isolate == nullptr) return false;
  bool found = false;
  // More than once, for a collection of garbage that moves what is looked at.
  for (int i = 0; i < kAttempts && !found; i++) found = FindOnce(in_new_context);
  return found;
}

int RenewMathRandom() {
  if (left_at == 0) return 0;
  int error = RenewGenerator();
  ForEachContext([&](Word* context) {
    if (getrandom(StateOf(context, left_at), kStateBytes, 0) < 0) error = -errno;
    context[left_at] = SmallInteger(0);
  });
  return error;
}

}  // namespace posix_async::fork

// V8's own generator of random numbers, which an isolate has one of: what is new in it takes its seed from there.
#ifndef POSIX_ASYNC_CORE_FORK_GENERATOR_H_
#define POSIX_ASYNC_CORE_FORK_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace posix_async::fork {

// Finds the generator by what it does: made before a number is drawn from it, asked after that.
class GeneratorSearch {
 public:
  struct State {
    uint64_t words[2];
    bool operator==(const State& other) const { return words[0] == other.words[0] && words[1] == other.words[1]; }
    bool IsZero() const { return words[0] == 0 && words[1] == 0; }
  };

  struct Candidate {
    void* address;
    State state;
  };

  explicit GeneratorSearch(const std::vector<uintptr_t>& isolate_words);
  // False where it was not found.
  bool Found() const;

 private:
  std::vector<Candidate> before_;
};

// In the child: what the generator gives is not what it gives in the parent. Nothing where it was not found.
// 0 or a negative errno.
int RenewGenerator();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_GENERATOR_H_

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
  explicit GeneratorSearch(const std::vector<uintptr_t>& isolate_words);
  // False where it was not found.
  bool Found() const;

 private:
  struct Candidate {
    uintptr_t address;
    uint64_t state[2];
  };
  std::vector<Candidate> candidates_;
};

// In the child: what the generator gives is not what it gives in the parent. Nothing where it was not found.
void RenewGenerator();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_GENERATOR_H_
